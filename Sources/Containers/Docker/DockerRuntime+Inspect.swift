internal import FoundationEssentials

extension DockerRuntime {
    public func inspect(_ name: ContainerName) async throws -> ContainerInfo {
        let result = try await ask(
            ["inspect", "--type", "container", "--format", Answer.template, "--", name.text], about: name,
            patience: patience)
        guard result.status.isSuccess else {
            throw ContainerError.from(execResult: result, in: name)
                ?? ContainerError(.engineRefused, "docker could not inspect container \(name): \(result.lastMessage)")
        }
        do {
            let answer = try JSONDecoder().decode(Answer.self, from: Data(result.output))
            return ContainerInfo(
                id: answer.id, image: answer.image, imageDigest: answer.digest, isRunning: answer.running,
                isPaused: answer.paused, processID: answer.pid > 0 ? answer.pid : nil,
                isRestarting: answer.restarting ?? false,
                secondsSinceEnd: answer.running ? nil : answer.finished.flatMap(Self.secondsSince),
                exitCode: answer.exit ?? 0)
        } catch {
            throw ContainerError(
                .badAnswer,
                "docker's answer about container \(name) can't be understood; is '\(docker)' the Docker CLI?",
                underlying: error)
        }
    }

    /// What `docker inspect` says about several containers, each by one line of `Answer`'s template; one that does not
    /// exist is left out.
    func inspect<Answer: InspectedContainer>(
        _ names: [ContainerName], as answer: Answer.Type
    ) async throws -> [ContainerName: Answer] {
        guard let first = names.first else { return [:] }
        let result = try await ask(
            ["inspect", "--type", "container", "--format", Answer.template, "--"] + names.map(\.text), about: first,
            patience: patience)
        // The exit status is 1 when one of them is missing; the others are told all the same.
        let missing = result.errorText.lines.allSatisfy { $0.contains("No such container") }
        guard result.status.isSuccess || missing else {
            throw ContainerError.from(execResult: result, in: first)
                ?? ContainerError(.engineRefused, "docker could not inspect the containers: \(result.lastMessage)")
        }
        var found: [ContainerName: Answer] = [:]
        for line in result.output.split(separator: UInt8(ascii: "\n")) {
            let answer: Answer = try understand(line)
            if let name = ContainerName(String(answer.name.drop { $0 == "/" })) { found[name] = answer }
        }
        return found
    }

    public func hostPlaces(of path: String, in name: ContainerName) async throws -> [HostPlace] {
        let mounts = try await inspect([name], as: Mounted.self)[name]?.mounts ?? []
        return HostPlace.places(
            of: path, in: mounts.map { HostPlace(path: $0.Destination, host: $0.Source ?? "") }.filter { $0.host != "" })
    }

    private struct Mounted: InspectedContainer {
        static let template = #"{"name":{{json .Name}},"mounts":{{json .Mounts}}}"#

        struct Mount: Decodable {
            let Destination: String
            let Source: String?
        }

        let name: String
        let mounts: [Mount]
    }

    /// Just the fields that are needed: the whole answer is large and differs between engines.
    private struct Answer: Decodable {
        static let template =
            #"{"id":{{json .Id}},"image":{{json .Config.Image}},"digest":{{json .Image}},"#
            + #""running":{{json .State.Running}},"paused":{{json .State.Paused}},"pid":{{json .State.Pid}}}"#
        let id: String
        let image: String
        let digest: String?
        let running: Bool
        let paused: Bool
        let pid: Int32
        let restarting: Bool?
        let finished: String?
        let exit: Int?
    }

    /// A time as Docker writes it, `2026-11-23T02:30:00.123456789Z`; nil for the year 1, which means never.
    private static func secondsSince(_ text: String) -> Int? {
        guard let date = try? Date(text.prefix(19) + "Z", strategy: .iso8601) else { return nil }
        let seconds = Date().timeIntervalSince(date)
        return date.timeIntervalSince1970 > 0 ? Int(max(0, seconds)) : nil
    }
}

/// One container in an answer of `docker inspect`.
protocol InspectedContainer: Decodable {
    /// The Go template that makes one JSON object a container, without line breaks.
    static var template: String { get }
    /// As Docker writes it, with a slash in front.
    var name: String { get }
}
