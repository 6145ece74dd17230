internal import Glibc
internal import Subprocess
internal import SystemPackage

/// Containers of a Docker engine, here or remote, reached through the docker CLI.
///
/// A cancelled or killed CLI leaves its process in the container: call ``endLeftovers(run:in:)`` afterwards.
public struct DockerRuntime: ContainerRuntime {
    /// `docker`.
    public let kind = "docker"
    /// The engine's own.
    public var lifecycle: (any ContainerLifecycle)? { self }
    /// The CLI's name, looked up in PATH, or its path.
    let docker: String
    /// The run that commands are marked with.
    let run: String
    /// The whole environment of the CLI.
    let environment: [String: String]
    /// How long the engine may take for an answer that is not a command's.
    let patience: Duration
    /// What ``ContainerCommand/Deadline/usual`` means.
    let limit: Duration

    /// Sets up the transport; nothing is started or asked yet.
    ///
    /// - Parameters:
    ///   - docker: Name or path of the docker CLI.
    ///   - run: The id of the run; every process in a container carries it as `PICJOBS_RUN`.
    ///   - environment: Variables for the CLI that replace the process's own, such as `DOCKER_HOST`.
    ///   - patience: How long to wait for an answer to inspect and restart.
    ///   - limit: How long a command in a container may usually take.
    public init(
        docker: String = "docker", run: String, environment: [String: String] = [:], patience: Duration = .seconds(30),
        limit: Duration = ContainerCommand.usualLimit
    ) {
        self.limit = limit
        self.docker = docker
        self.run = run
        self.environment = Self.inherited(Self.passedOn).merging(environment) { _, own in own }
        self.patience = patience
    }

    public func path(_ path: String, in name: ContainerName) throws -> String {
        guard path.hasPrefix("/"), !path.utf8.contains(0), !path.split(separator: "/").contains("..") else {
            throw ContainerError(.badPath, "\(path) is not an absolute path without '..' in container \(name)")
        }
        return path
    }

    public func exec(_ command: ContainerCommand, in name: ContainerName) async throws -> ExecResult {
        guard command.deadline != .none else { return try await execute(command, in: name) }
        let mark = CommandMark()
        var marked = command
        marked.environment[ContainerCommand.commandVariable] = mark.text
        do {
            return try await execute(marked, in: name)
        } catch let error as ContainerError where error.code == .timedOut {
            // The CLI is gone; what it had started does not know.
            do { _ = try await end(run, command: mark.text, in: name) } catch let failure {
                throw ContainerError(.timedOut, "\(error.message); and \(failure)", underlying: failure)
            }
            throw error
        }
    }

    /// Runs a command within its deadline; one that misses it may run on in the container.
    func execute(_ command: ContainerCommand, in name: ContainerName) async throws -> ExecResult {
        let given = GivenDescriptors(command.descriptors)
        defer { given.close() }
        let child = self.child(execArguments(command, in: name), input: command.input, output: command.output)
        let allowed = command.deadline.duration(usual: limit)
        guard let result = try await limited(to: allowed, { try await start(child, given: given, for: name) }) else {
            throw ContainerError.timedOut(command, in: name, after: allowed)
        }
        return result.with(transportFailure: ContainerError.from(execResult: result, in: name))
    }

    public func restart(_ name: ContainerName) async throws {
        // -t and not --time: newer CLIs answer the long form with a warning.
        let result = try await ask(["restart", "-t", "10", "--", name.text], about: name, patience: patience * 2)
        guard result.status.isSuccess else {
            throw ContainerError.from(execResult: result, in: name)
                ?? ContainerError(.engineRefused, "docker could not restart container \(name): \(result.lastMessage)")
        }
    }

    /// `docker exec` with everything that could change what the command does pinned down.
    ///
    /// An image's USER would hide files from tar, its TAR_OPTIONS would leave files out without a word, and a library of
    /// its LD_PRELOAD that is not there would have the loader say so in front of every command's own words.
    func execArguments(_ command: ContainerCommand, in name: ContainerName) -> [String] {
        var arguments = ["exec", "-u", "0", "-e", "LC_ALL=C", "-e", "TAR_OPTIONS=", "-e", "LD_PRELOAD="]
        let marked = [ContainerCommand.runVariable: run].merging(command.environment) { _, own in own }
        for (key, value) in marked.sorted(by: { $0.key < $1.key }) { arguments += ["-e", "\(key)=\(value)"] }
        if case .none = command.input {} else { arguments.append("-i") }
        return arguments + ["--", name.text] + command.arguments
    }

    /// Asks the engine something and collects the answer; a silent engine is an error.
    func ask(_ arguments: [String], about name: ContainerName, patience: Duration) async throws -> ExecResult {
        try await finish(
            child(arguments, input: .none, output: .collect(limit: 1 << 20)), about: name, patience: patience)
    }

    /// Runs a child to its end; one that takes too long is ended, and an error.
    func finish(_ child: ChildProcess, about name: ContainerName, patience: Duration) async throws -> ExecResult {
        let answer = try await limited(to: patience) {
            try await start(child, given: GivenDescriptors([]), for: name)
        }
        guard let answer else {
            throw ContainerError(
                .engineUnreachable,
                "the Docker engine did not answer within \(patience) about container \(name); look at: docker ps")
        }
        return answer
    }

    func child(
        _ arguments: [String], input: ContainerCommand.Input, output: ContainerCommand.Output
    ) -> ChildProcess {
        ChildProcess(
            executable: docker, arguments: arguments, environment: environment, input: input, output: output)
    }

    func start(
        _ child: ChildProcess, given: GivenDescriptors, for name: ContainerName
    ) async throws -> ExecResult {
        do {
            return try await child.run(given: given)
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw ContainerError(
                .dockerMissing,
                "no docker command '\(docker)' to reach container \(name); install docker or set docker: in "
                    + "config/picjobs.yml", underlying: error)
        } catch let error as SubprocessError {
            throw ContainerError(
                .transport, "running \(docker) for container \(name) failed: \(error.inWords)", underlying: error)
        }
    }

    /// What the CLI gets of our own environment.
    private static let passedOn = [
        "PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY",
    ]

    private static func inherited(_ names: [String]) -> [String: String] {
        var values: [String: String] = [:]
        for name in names {
            if let value = getenv(name) { values[name] = String(cString: value) }
        }
        return values
    }
}

extension ExecResult {
    /// The last line of standard error, for a message.
    public var lastMessage: String { errorText.lines.last ?? "\(status)" }
}
