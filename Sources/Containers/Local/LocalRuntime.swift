internal import Glibc
internal import Subprocess
public import SystemPackage

/// Containers that are plain directories, with the host's own tools: for trying the program and for tests.
///
/// A path through a symbolic link is refused when it is translated; nothing here holds against somebody who swaps a
/// directory for a link afterwards, because there is no container around the commands.
public struct LocalRuntime: ContainerRuntime {
    /// `local`.
    public let kind = "local"
    /// None: nothing runs in a directory.
    public var lifecycle: (any ContainerLifecycle)? { nil }
    /// The cell's directory.
    let root: FilePath
    /// Container name → directory, relative to the cell or absolute.
    let directories: [ContainerName: String]
    /// The run that commands are marked with.
    let run: String
    let environment: [String: String]
    /// What ``ContainerCommand/Deadline/usual`` means.
    let limit: Duration

    /// Sets up the runtime; nothing is looked at yet.
    ///
    /// - Parameters:
    ///   - root: The cell's directory.
    ///   - directories: `containers:` of config/picjobs.yml.
    ///   - run: The id of the run; every process carries it as `PICJOBS_RUN`.
    ///   - environment: Further variables for every command.
    ///   - limit: How long a command may usually take.
    public init(
        root: FilePath, directories: [ContainerName: String], run: String, environment: [String: String] = [:],
        limit: Duration = ContainerCommand.usualLimit
    ) {
        self.limit = limit
        self.root = root
        self.directories = directories
        self.run = run
        self.environment = environment
    }

    public func inspect(_ name: ContainerName) async throws -> ContainerInfo {
        ContainerInfo(
            id: try existingDirectory(of: name).string, image: "local", imageDigest: nil, isRunning: true,
            isPaused: false)
    }

    public func path(_ path: String, in name: ContainerName) throws -> String {
        let components = path.split(separator: "/").filter { $0 != "." }
        guard path.hasPrefix("/"), !path.utf8.contains(0), !components.contains("..") else {
            throw ContainerError(.badPath, "\(path) is not an absolute path without '..' in container \(name)")
        }
        var joined = try directory(of: name).string
        for component in components {
            joined += "/" + component
            var status = stat()
            if lstat(joined, &status) == 0, status.st_mode & S_IFMT == S_IFLNK {
                throw ContainerError(
                    .badPath, "\(joined) is a symbolic link, so \(path) may lie outside container \(name)")
            }
        }
        return joined
    }

    public func hostPlaces(of path: String, in name: ContainerName) async throws -> [HostPlace] {
        let place = try self.path(path, in: name)
        return [HostPlace(path: place, host: place)]
    }

    public func exec(_ command: ContainerCommand, in name: ContainerName) async throws -> ExecResult {
        let given = GivenDescriptors(command.descriptors)
        defer { given.close() }
        let directory = try existingDirectory(of: name)
        guard let program = command.arguments.first else {
            throw ContainerError(.commandNotStarted, "an empty command was to be run in container \(name)")
        }
        var variables = Self.inherited.merging(environment) { _, own in own }
        variables[ContainerCommand.runVariable] = run
        let mark = command.deadline == .none ? nil : CommandMark()
        variables[ContainerCommand.commandVariable] = mark?.text
        variables.merge(command.environment) { _, own in own }
        variables["LC_ALL"] = "C"
        variables["TAR_OPTIONS"] = nil
        variables[Self.containerVariable] = directory.string
        let child = ChildProcess(
            executable: program, arguments: Array(command.arguments.dropFirst()), environment: variables,
            workingDirectory: directory, input: command.input, output: command.output)
        do {
            let allowed = command.deadline.duration(usual: limit)
            if let result = try await limited(to: allowed, { try await child.run(given: given) }) { return result }
            if let mark { _ = try await end(run, command: mark.text, in: name) }
            throw ContainerError.timedOut(command, in: name, after: allowed)
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw ContainerError(
                .commandNotStarted, "'\(program)' for container \(name) is not installed on this host",
                underlying: error)
        } catch let error as SubprocessError {
            throw ContainerError(
                .transport, "running \(program) for container \(name) failed: \(error.inWords)", underlying: error)
        }
    }

    public func restart(_ name: ContainerName) async throws {}

    public func endLeftovers(run: String, in name: ContainerName) async throws -> Int {
        try await end(run, command: nil, in: name)
    }

    private func end(_ run: String, command: String?, in name: ContainerName) async throws -> Int {
        let place = try directory(of: name).string
        let user = getuid()
        func isWanted(_ process: pid_t) -> Bool {
            guard ProcessTable.owner(of: process) == user, let variables = ProcessTable.environment(of: process)
            else { return false }
            return variables.marks(run: run, command: command) && variables.has(Self.containerVariable, place)
        }
        return await ProcessTable.end(ProcessTable.processes(where: isWanted), where: isWanted)
    }

    /// The container's directory, absolute and normalised.
    private func directory(of name: ContainerName) throws -> FilePath {
        guard let configured = directories[name] else {
            throw ContainerError(
                .notFound, "there is no container \(name); name its directory under containers: in config/picjobs.yml")
        }
        let base = try root.isAbsolute ? root : FilePath(Self.workingDirectory()).pushing(root)
        let path = base.pushing(FilePath(configured)).lexicallyNormalized()
        guard !configured.split(separator: "/").contains(".."), !configured.utf8.contains(0) else {
            throw ContainerError(
                .badPath, "the directory of container \(name) in config/picjobs.yml must not have '..': \(configured)")
        }
        return path
    }

    private func existingDirectory(of name: ContainerName) throws -> FilePath {
        let path = try directory(of: name)
        var status = stat()
        while lstat(path.string, &status) != 0 {
            let failure = Errno(rawValue: errno)
            if failure == .interrupted { continue }
            // Only a path that is not there stands for a container that does not run.
            guard [.noSuchFileOrDirectory, .notDirectory].contains(failure) else {
                throw ContainerError(
                    .transport, "container \(name): cannot look at \(path): \(failure)", underlying: failure)
            }
            break
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw ContainerError(
                .notRunning,
                "container \(name) is not running: \(path) is no directory; create it, or correct containers: in "
                    + "config/picjobs.yml")
        }
        return path
    }

    /// Names the container of a process, so that one container's leftovers are not another's.
    private static let containerVariable = "PICJOBS_CONTAINER"

    /// What commands get of our own environment; the rest could change what tar does.
    private static var inherited: [String: String] {
        var values: [String: String] = [:]
        for name in ["PATH", "HOME", "TMPDIR"] {
            if let value = getenv(name) { values[name] = String(cString: value) }
        }
        return values
    }

    private static func workingDirectory() throws -> String {
        guard let path = getcwd(nil, 0) else {
            throw ContainerError(.badPath, "the current directory is gone", underlying: Errno(rawValue: errno))
        }
        defer { free(path) }
        return String(cString: path)
    }
}
