internal import Archive
internal import Containers

/// Which tar a container has, and how it is called.
struct TarDialect: Sendable, Equatable {
    enum Flavour: String, Sendable { case gnu, busybox, toybox, other }

    let flavour: Flavour
    /// `gnu 1.34`, as `snapshot.json` keeps it.
    let name: String

    /// A staging directory is named so, with the run's id behind it.
    static let stagePrefix = ".picjobs-"
    /// A directory at the top of a volume with what a process wrote while a restore was in between; part of the volume.
    static let keptPrefix = ".picjobs-kept-"
    /// What a staging directory's name looks like to tar; backups leave it out, and no other name.
    static let stagePattern =
        stagePrefix + String(repeating: "[0-9]", count: 8) + "T" + String(repeating: "[0-9]", count: 6) + "Z-"
        + String(repeating: "[0-9a-f]", count: 6)

    /// Reads the first lines of `tar --version`; busybox versions without that option name themselves on stderr.
    init(version text: String) {
        let first = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        let words = text.split { $0.isWhitespace || $0 == ")" || $0 == "(" || $0 == "," }
        let number = words.first {
            $0.first?.isNumber == true || ($0.first == "v" && $0.dropFirst().first?.isNumber == true)
        }
        let version = number.map { " " + $0.drop { $0 == "v" } } ?? ""
        let lower = text.lowercased()
        if first.contains("GNU tar") {
            flavour = .gnu
        } else if lower.contains("busybox") {
            flavour = .busybox
        } else if lower.contains("toybox") {
            flavour = .toybox
        } else {
            flavour = .other
        }
        name = flavour.rawValue + version
    }

    static func probe(_ runtime: any ContainerRuntime, _ container: ContainerName) async throws -> TarDialect {
        var found = TarDialect(version: "")
        // A tar that fails once, for want of memory or of processes, is not for that another one.
        for _ in 0..<3 where found.flavour == .other {
            let result = try await runtime.exec(ContainerCommand(["tar", "--version"]), in: container)
            if let failure = result.transportFailure { throw failure }
            let text =
                String(decoding: result.output.prefix(4096), as: UTF8.self) + "\n"
                + result.errorText.lines.prefix(5).joined(separator: "\n")
            found = TarDialect(version: text)
        }
        return found
    }

    /// What this tar can put back.
    var properties: RestorableProperties {
        switch flavour {
        case .gnu: .all
        case .toybox: .toybox
        case .busybox, .other: .busybox
        }
    }

    var emitter: TarEmitter { TarEmitter(properties: properties, keepsHoles: flavour == .gnu) }

    /// Whether this tar can leave a path out of its stream.
    var canExclude: Bool { flavour == .gnu }

    /// Writes the directory's tar stream to standard output.
    ///
    /// - Parameters:
    ///   - leftOut: paths relative to the directory that are not in it; only where ``canExclude``.
    ///   - sparse: false to read every byte, whatever the file system says of holes.
    func create(_ path: String, leavingOut leftOut: [String] = [], sparse: Bool = true) -> [String] {
        // Debian's busybox knows no --exclude; a staging directory is gone before a backup begins all the same.
        guard flavour == .gnu else { return ["tar", "-C", path, "-cf", "-", "."] }
        // Fixed names for the extended headers (GNU tar's own hold its process id), and no access times: the same
        // volume gives the same bytes.
        return [
            "tar", "-C", path, "--exclude=./\(Self.stagePattern)", "--format=posix",
            "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime",
            "--xattrs", "--xattrs-include=*", "--acls", "--anchored", "--no-wildcards",
        ] + (sparse ? ["--sparse"] : []) + leftOut.map { "--exclude=./\($0)" } + ["-cf", "-", "."]
    }

    /// Writes exactly the files whose names, each with a NUL behind it, are on standard input, and every byte of them.
    func createListed(_ path: String) -> [String] {
        ["tar", "-C", path, "--format=posix", "--no-recursion", "--null", "-T", "-", "-cf", "-"]
    }

    /// Extracts standard input into a directory. Names are ours (rule 6), so nothing needs stripping.
    func extract(_ path: String) -> [String] {
        guard flavour == .gnu else { return ["tar", "-C", path, "-xpf", "-"] }
        return [
            "tar", "-C", path, "--numeric-owner", "--xattrs", "--xattrs-include=*", "--acls", "--warning=no-timestamp",
            "--absolute-names", "-xpf", "-",
        ]
    }
}
