internal import Glibc
public import SystemPackage

/// Docker Compose, whichever generation is there: `docker compose` (v2) or `docker-compose` (v1).
///
/// It is called by its absolute path, with `-p` and `-f` and an environment that holds nothing but how the engine is
/// reached: no `COMPOSE_*` variable and no `.env` file of anybody changes what it does.
public struct Compose: Sendable {
    /// The absolute path of the program, and the words before its own options.
    public let command: [String]
    private let runtime: DockerRuntime

    /// Looks for Compose, the second generation first.
    /// - Throws: ``ContainerError`` `.dockerMissing` when there is none.
    public init(_ runtime: DockerRuntime) async throws {
        self.runtime = runtime
        var looked: [String] = []
        if let docker = Self.find(runtime.docker, in: runtime.environment["PATH"]) {
            let result = try await runtime.ask(["compose", "version"], about: .engine, patience: runtime.patience)
            if result.status.isSuccess {
                command = [docker, "compose"]
                return
            }
            looked.append("\(docker) has no compose")
        } else {
            looked.append("there is no \(runtime.docker)")
        }
        guard let compose = Self.find("docker-compose", in: runtime.environment["PATH"]) else {
            throw ContainerError(
                .dockerMissing,
                "there is no Docker Compose (\(looked.joined(separator: ", ")), and there is no docker-compose in PATH): "
                    + "install docker-compose, or Docker's compose plugin")
        }
        command = [compose]
    }

    /// Makes the containers what the file says, and starts them; those of the project that it no longer names go.
    ///
    /// Images must be there: nothing is built, and ``DockerRuntime/pull(_:)`` says more clearly what failed.
    /// - Throws: ``ContainerError`` `.engineRefused` with Compose's last words.
    public func up(_ project: ComposeProject) async throws {
        let child = child(
            arguments(project, ["up", "-d", "--no-build", "--remove-orphans"]), output: .collect(limit: 4 << 20))
        let result = try await runtime.finish(child, about: .engine, patience: .seconds(300))
        guard result.status.isSuccess else { throw refusal(project, "up", result) }
    }

    /// The last lines that the containers wrote, each with its container's name; `follow` goes on until the task is
    /// cancelled. They go to `output`, which is given away.
    /// - Throws: ``ContainerError``, `CancellationError`.
    public func logs(
        _ project: ComposeProject, of containers: [ContainerName], lines: Int, follow: Bool, into output: FileDescriptor
    ) async throws {
        let given = GivenDescriptors([output])
        defer { given.close() }
        var words = ["logs", "--no-color", "--tail", "\(lines)"]
        if follow { words.append("--follow") }
        let child = child(arguments(project, words + containers.map(\.text)), output: .descriptor(output))
        let result = try await runtime.start(child, given: given, for: .engine)
        guard result.status.isSuccess else { throw refusal(project, "logs", result) }
    }

    private func arguments(_ project: ComposeProject, _ words: [String]) -> [String] {
        let files = [project.file] + project.overrides
        return command.dropFirst() + ["-p", project.name] + files.flatMap { ["-f", $0.string] } + words
    }

    private func child(_ arguments: [String], output: ContainerCommand.Output) -> ChildProcess {
        ChildProcess(
            executable: command[0], arguments: arguments, environment: runtime.environment, input: .none,
            output: output)
    }

    private func refusal(_ project: ComposeProject, _ verb: String, _ result: ExecResult) -> ContainerError {
        let lines = result.errorText.lines.suffix(3).joined(separator: " ")
        return ContainerError(
            .engineRefused,
            "Compose could not do '\(verb)' for \(project.name): \(lines.isEmpty ? "\(result.status)" : lines)")
    }

    /// The absolute path of a program; nil when it is in none of the directories.
    private static func find(_ program: String, in path: String?) -> String? {
        if program.contains("/") { return access(program, X_OK) == 0 ? program : nil }
        let directories = (path ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
        return directories.filter { $0.hasPrefix("/") }.map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
    }
}
