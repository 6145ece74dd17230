internal import Archive
internal import Glibc
internal import Registry
internal import SystemPackage

/// Writes the units of every job with a schedule of a cell.
public struct TimerInstallation: Sendable {
    /// One unit file.
    public struct File: Sendable {
        /// Its name, `picjobs-….service` or `.timer`.
        public let name: String
        /// Its text.
        public let text: String
    }

    /// The units, by job.
    public let units: [SystemdUnits]
    /// Jobs without a schedule.
    public let unscheduled: [JobName]
    /// What a person should know first.
    public let notes: [String]
    private let directory: FilePath
    private let root: String

    /// Reads the jobs and works out the units; nothing is written yet.
    ///
    /// - Parameters:
    ///   - directory: where the units go, such as `/etc/systemd/system`.
    ///   - program: `picjobs`; nil means the program that is running.
    ///   - instance: goes into the units' names, for a machine with several cells.
    /// - Throws: ``RunError`` `.configuration` naming every faulty job file, or a path that a unit can't hold.
    public init(_ cell: Cell, directory: String, program: String? = nil, instance: String? = nil) throws {
        if let instance, JobName(instance) == nil {
            throw RunError(.usage, "the instance \"\(instance)\" must be made of lower-case letters, digits and \"-\"")
        }
        self.directory = FilePath(directory)
        root = try Self.absolute(cell.layout.root.string)
        let backups = try Self.backupRoot(of: cell, root)
        let program = try program ?? Self.absolute("/proc/self/exe")
        guard program.hasPrefix("/"), access(program, X_OK) == 0 else {
            throw RunError(.configuration, "\(program) is no program; name it by its absolute path with --picjobs")
        }
        let files = try JobFile.all(of: cell)
        let faults = files.compactMap { file -> String? in
            if case .failure(let error) = file.definition { return error.message }
            return nil
        }
        guard faults.isEmpty else { throw RunError(.configuration, faults.joined(separator: "; ")) }
        var (units, unscheduled): ([SystemdUnits], [JobName]) = ([], [])
        for job in try files.map({ try $0.definition.get() }) {
            let own = try SystemdUnits(
                job, cell: root, writable: backups.map { [$0] } ?? [], program: program, instance: instance)
            if let own { units.append(own) } else { unscheduled.append(job.name) }
        }
        self.units = units
        self.unscheduled = unscheduled
        notes = [root, backups].compactMap { path in
            guard let path, ["/tmp/", "/var/tmp/"].contains(where: path.hasPrefix) else { return nil }
            return "\(path) lies where the service has a private directory of its own (PrivateTmp): it won't find it"
        }
    }

    /// The files in the order they are written.
    public var files: [File] {
        units.flatMap {
            [File(name: $0.name + ".service", text: $0.service), File(name: $0.name + ".timer", text: $0.timer)]
        }
    }

    /// The commands that make systemd use the units.
    public var nextCommands: [String] {
        if units.isEmpty { return [] }
        let timers = units.map { $0.name + ".timer" }.joined(separator: " ")
        return ["systemctl daemon-reload", "systemctl enable --now \(timers)"]
    }

    /// Writes every file, or none when one of them would replace what is not this cell's.
    ///
    /// - Throws: ``RunError`` `.failed` naming the file that is in the way.
    public func write() throws {
        let target = try Archive.Directory(opening: directory)
        for file in files {
            let name = try RelativePath(file.name)
            guard let status = try target.status(name) else { continue }
            guard status.kind == .file, try isOwn(name, in: target) else {
                throw RunError(
                    .failed,
                    "\(directory)/\(file.name) was not written for this cell; remove it, or choose another name with "
                        + "--instance")
            }
        }
        for file in files {
            try target.writeAtomically(try RelativePath(file.name), Array(file.text.utf8), mode: 0o644)
        }
    }

    /// Timers in the directory that were written for this cell and that no job asks for any more.
    public func leftovers() throws -> [String] {
        let target = try Archive.Directory(opening: directory)
        let own = Set(files.map(\.name))
        return try target.list().compactMap { entry in
            let name = entry.path.description
            guard entry.kind == .file, name.hasPrefix("picjobs-"), name.hasSuffix(".timer"), !own.contains(name),
                try isOwn(entry.path, in: target)
            else { return nil }
            return name
        }
    }

    private func isOwn(_ name: RelativePath, in target: Archive.Directory) throws -> Bool {
        String(decoding: try target.readFile(name, limit: 1 << 20), as: UTF8.self)
            .hasPrefix(SystemdUnits.mark(cell: root) + "\n")
    }

    /// The backup root when it lies outside the cell.
    private static func backupRoot(of cell: Cell, _ root: String) throws -> String? {
        // Inside the cell it may not exist yet.
        if cell.backupRoot.lexicallyNormalized().starts(with: cell.layout.root.lexicallyNormalized()) { return nil }
        let path = try absolute(cell.backupRoot.string)
        return path == root || path.hasPrefix(root + "/") ? nil : path
    }

    /// realpath(3).
    private static func absolute(_ path: String) throws -> String {
        guard let found = realpath(path, nil) else {
            throw RunError(.configuration, "\(path): \(Errno(rawValue: errno)); it must exist before a unit names it")
        }
        defer { free(found) }
        return String(cString: found)
    }
}
