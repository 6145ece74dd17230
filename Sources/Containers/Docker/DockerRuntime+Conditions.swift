internal import FoundationEssentials

extension DockerRuntime {
    /// How containers are; one that does not exist is left out.
    /// - Throws: ``ContainerError``.
    public func conditions(of names: [ContainerName]) async throws -> [ContainerName: ContainerCondition] {
        try await inspect(names, as: Inspected.self).mapValues(\.condition)
    }

    /// The containers of a Compose project, running or not.
    /// - Throws: ``ContainerError``.
    public func containers(ofProject project: String) async throws -> [ContainerName] {
        try await list(["ps", "-a", "--format", "{{.Names}}", "--filter", "label=\(ComposeProject.label)=\(project)"])
            .compactMap { ContainerName($0) }.sorted { $0.text < $1.text }
    }

    /// The names of a Compose project's volumes.
    /// - Throws: ``ContainerError``.
    public func volumes(ofProject project: String) async throws -> [String] {
        try await list([
            "volume", "ls", "--format", "{{.Name}}", "--filter", "label=\(ComposeProject.label)=\(project)",
        ])
        .sorted()
    }

    /// Every address in a network, with the name of whoever has it: the network's own gateway, and its containers,
    /// also those that are stopped with an address of their own.
    /// - Returns: nil when there is no such network.
    /// - Throws: ``ContainerError``.
    public func addresses(inNetwork network: String) async throws -> [String: String]? {
        let result = try await ask(
            ["network", "inspect", "--format", "{{range .IPAM.Config}}{{.Gateway}} {{end}}", "--", network],
            about: .engine, patience: patience)
        guard result.status.isSuccess else {
            if result.errorText.lines.contains(where: { $0.contains("No such network") || $0.contains("not found") }) {
                return nil
            }
            throw refused("inspect network \(network)", result)
        }
        var owners: [String: String] = [:]
        for gateway in String(decoding: result.output, as: UTF8.self).split(whereSeparator: \.isWhitespace) {
            owners[String(gateway)] = "the network \(network) itself"
        }
        let names = try await list(["ps", "-a", "--format", "{{.Names}}", "--filter", "network=\(network)"])
        guard !names.isEmpty else { return owners }
        let answer = try await ask(
            [
                "inspect", "--type", "container", "--format",
                #"{{.Name}}{{with index .NetworkSettings.Networks "\#(network)"}} {{.IPAddress}}"#
                    + #"{{with .IPAMConfig}} {{.IPv4Address}}{{end}}{{end}}"#, "--",
            ] + names, about: .engine, patience: patience)
        for line in String(decoding: answer.output, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            for address in words.dropFirst() { owners[String(address)] = String(words[0].drop { $0 == "/" }) }
        }
        return owners
    }

    func list(_ arguments: [String]) async throws -> [String] {
        let result = try await ask(arguments, about: .engine, patience: patience)
        guard result.status.isSuccess else { throw refused(arguments.prefix(2).joined(separator: " "), result) }
        return String(decoding: result.output, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    func refused(_ what: String, _ result: ExecResult) -> any Error {
        // What is more than a refusal says so itself: an engine that can't be reached, a command that did not start.
        if let known = ContainerError.from(execResult: result, in: .engine), known.code != .engineRefused {
            return known
        }
        return ContainerError(.engineRefused, "docker could not \(what): \(result.lastMessage)")
    }

    private struct Inspected: InspectedContainer {
        static let template =
            #"{"name":{{json .Name}},"state":{{json .State}},"restarts":{{json .RestartCount}},"#
            + #""image":{{json .Image}},"imageName":{{json .Config.Image}},"#
            + #""project":{{json (index .Config.Labels "com.docker.compose.project")}}}"#

        struct State: Decodable {
            struct Health: Decodable {
                struct Check: Decodable { let Output: String? }
                let Status: String
                let Log: [Check]?
            }
            let Running: Bool
            let Restarting: Bool
            let ExitCode: Int
            let Health: Health?
        }

        let name: String
        let state: State
        let restarts: Int
        let image: String
        let imageName: String
        let project: String?

        var condition: ContainerCondition {
            let words = state.Health?.Log?.last?.Output ?? ""
            return ContainerCondition(
                isRunning: state.Running, isRestarting: state.Restarting, restarts: restarts,
                exitCode: state.ExitCode,
                health: state.Health.flatMap { ContainerCondition.Health(rawValue: $0.Status) } ?? .none,
                lastCheck: words.split(whereSeparator: \.isNewline).joined(separator: " "), image: image,
                imageName: imageName, project: project.flatMap { $0.isEmpty ? nil : $0 })
        }
    }
}
