internal import FoundationEssentials
internal import Glibc
public import SystemPackage

extension DockerRuntime {
    /// How containers are connected; one that does not exist is left out.
    /// - Throws: ``ContainerError``.
    public func networks(of names: [ContainerName]) async throws -> [ContainerName: ContainerNetwork] {
        try await inspect(names, as: Connected.self).mapValues { answer in
            ContainerNetwork(
                processID: answer.running && answer.pid > 0 ? answer.pid : nil,
                addresses: answer.networks.compactMapValues { $0.address.isEmpty ? nil : $0.address },
                resolvers: answer.resolvers ?? [])
        }
    }

    /// The name of the bridge that a network of the engine has on its host; `nil` when there is no such network.
    /// - Throws: ``ContainerError``.
    public func bridge(of network: ContainerName) async throws -> String? {
        let result = try await ask(
            ["network", "inspect", "--format", Described.template, "--", network.text], about: network,
            patience: patience)
        guard result.status.isSuccess else {
            if result.errorText.lines.contains(where: { $0.contains("No such network") || $0.contains("not found") }) {
                return nil
            }
            throw ContainerError.from(execResult: result, in: network)
                ?? ContainerError(.engineRefused, "docker could not inspect network \(network): \(result.lastMessage)")
        }
        let answer: Described = try understand(result.output)
        guard answer.driver == "bridge" else { return nil }
        return answer.options?["com.docker.network.bridge.name"] ?? "br-\(answer.id.prefix(12))"
    }

    func understand<Answer: Decodable>(_ bytes: some Sequence<UInt8>) throws -> Answer {
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(bytes))
        } catch {
            throw ContainerError(
                .badAnswer, "docker's answer about networks can't be understood; is '\(docker)' the Docker CLI?",
                underlying: error)
        }
    }

    /// Writes a line into `output`, which is given away, whenever a container starts, stops or is connected; ends when
    /// the engine does, or the task is cancelled.
    /// - Throws: ``ContainerError``, `CancellationError`.
    public func follow(into output: FileDescriptor) async throws {
        let given = GivenDescriptors([output])
        defer { given.close() }
        let events = ["start", "die", "connect", "disconnect"].flatMap { ["--filter", "event=\($0)"] }
        let child = child(
            ["events", "--format", "{{.Type}} {{.Action}}"] + events, input: .none, output: .descriptor(output))
        let result = try await start(child, given: given, for: .engine)
        throw ContainerError(.engineUnreachable, "the Docker engine tells of no events any more: \(result.lastMessage)")
    }

    private struct Described: Decodable {
        static let template = #"{"driver":{{json .Driver}},"id":{{json .Id}},"options":{{json .Options}}}"#

        let driver: String
        let id: String
        let options: [String: String]?
    }

    private struct Connected: InspectedContainer {
        static let template =
            #"{"name":{{json .Name}},"running":{{json .State.Running}},"pid":{{json .State.Pid}},"#
            + #""networks":{{json .NetworkSettings.Networks}},"resolvers":{{json .HostConfig.Dns}}}"#

        struct Network: Decodable {
            let address: String

            enum CodingKeys: String, CodingKey { case address = "IPAddress" }
        }

        let name: String
        let running: Bool
        let pid: Int32
        let networks: [String: Network]
        let resolvers: [String]?
    }
}
