internal import Containers
internal import Registry

/// A manager that runs commands in the service's container.
struct CommandDriver: AccountDriver {
    let service: ServiceID
    let runtime: any ContainerRuntime
    let container: Containers.ContainerName
    let commands: AccountCommands
    /// The domain of e-mail addresses; empty where none is needed.
    let domain: String

    func add(_ user: String, password: String) async throws {
        let lines = String(repeating: password + "\n", count: commands.passwordLines)
        _ = try await run(commands.add, user, input: .bytes(Array(lines.utf8)))
    }

    func remove(_ user: String) async throws {
        guard try await list().contains(user) else { return }
        _ = try await run(commands.remove, user, input: .none)
    }

    func list() async throws -> Set<String> {
        let text = try await run(commands.list, "", input: .none)
        return Set(
            text.split(separator: "\n").compactMap { line in
                // docker-mailserver begins its lines with "* ".
                let word = line.split(separator: " ").first { $0 != "*" }
                return word?.split(separator: "@").first.map(String.init)
            })
    }

    private func run(_ command: [String], _ user: String, input: ContainerCommand.Input) async throws -> String {
        try await runtime.requireRunning(container)
        let words = commands.words(command, user: user, domain: domain)
        let result = try await runtime.exec(ContainerCommand(words, input: input), in: container)
        guard result.status.isSuccess else {
            throw RunError(
                .failed,
                "\(service): \(words.first ?? "") in \(container) ended with \(result.status): \(result.lastMessage)")
        }
        return String(decoding: result.output, as: UTF8.self)
    }
}
