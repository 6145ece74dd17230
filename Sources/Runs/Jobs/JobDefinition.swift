public import Archive

/// A job file of a cell, `jobs/<name>.yml`: what is run, when, and what happens afterwards (docs/jobs.md).
public struct JobDefinition: Sendable, Equatable {
    /// What a job does.
    public enum Kind: String, Sendable, Codable {
        /// A snapshot of services.
        case backup
        /// The network is brought to the plan, as by `egress apply`.
        case egress

        static let words = "backup or egress"
    }

    /// What is read again once the snapshot is published.
    public enum Verification: String, Sendable, Codable {
        /// The published snapshot.
        case published
        /// Nothing.
        case none
    }

    /// The file's name without `.yml`.
    public let name: JobName
    /// `kind:`.
    public internal(set) var kind = Kind.backup
    /// `description:`.
    public internal(set) var description = ""
    /// `schedule:`, a systemd calendar expression; nil for a job that is only run by hand.
    public internal(set) var schedule: String?
    /// `random_delay:` in seconds.
    public internal(set) var randomDelay = 0
    /// `services:`; nil means all that are installed, otherwise at least one.
    public internal(set) var services: [String]?
    /// `verify:`.
    public internal(set) var verify = Verification.published
    /// `retention:`; nil keeps everything.
    public internal(set) var retention: RetentionPolicy?

    /// Reads one job of a cell, beneath its root and through no link.
    ///
    /// - Throws: ``RunError`` `.configuration` naming every fault of the file, or the jobs there are.
    public init(_ name: JobName, of cell: Cell) throws {
        let place = try RelativePath("jobs/\(name).yml")
        let bytes: [UInt8]
        do throws(ArchiveError) {
            bytes = try cell.root.readFile(place, limit: 1 << 16)
        } catch {
            guard error.code == .notFound else {
                throw RunError(.configuration, "\(place): \(error.message)", underlying: error)
            }
            let known = try JobFile.all(of: cell).compactMap(\.name?.text)
            throw RunError(
                .configuration,
                "this cell has no job \(name) (\(place)); "
                    + (known.isEmpty ? "it has no job files" : "it has \(known.joined(separator: ", "))"),
                underlying: error)
        }
        try self.init(name, yaml: bytes, file: place.description)
    }
}

/// What lies in a cell's `jobs/`: a job, or a file that can't be one.
public struct JobFile: Sendable {
    /// The path below the cell.
    public let file: String
    /// The job's name; nil when the file's name is none.
    public let name: JobName?
    /// The job, or every fault of the file.
    public let definition: Result<JobDefinition, RunError>

    /// Every job file of a cell by name; hidden files and those that are no YAML files are passed over.
    public static func all(of cell: Cell) throws -> [JobFile] {
        guard let directory = try cell.root.directoryIfPresent("jobs") else { return [] }
        return try directory.list().compactMap { entry in
            let shown = entry.path.description
            guard !shown.hasPrefix("."), shown.hasSuffix(".yml") || shown.hasSuffix(".yaml") else { return nil }
            let file = "jobs/\(shown)"
            guard shown.hasSuffix(".yml"), let name = JobName(String(shown.dropLast(4))) else {
                let error = RunError(
                    .configuration, "\(file): must be called <name>.yml, with \(JobName.rule)")
                return JobFile(file: file, name: nil, definition: .failure(error))
            }
            do {
                return JobFile(file: file, name: name, definition: .success(try JobDefinition(name, of: cell)))
            } catch let error as RunError {
                return JobFile(file: file, name: name, definition: .failure(error))
            }
        }
    }
}
