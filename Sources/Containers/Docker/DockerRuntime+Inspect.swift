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
            return try JSONDecoder().decode(Answer.self, from: Data(result.output)).info
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
        let mounts = try await inspect([name], as: Answer.self)[name]?.info.mounts ?? []
        return HostPlace.places(
            of: path, in: mounts.filter { !$0.source.isEmpty }.map { HostPlace(path: $0.destination, host: $0.source) })
    }

    /// Just the fields that are needed: the whole answer is large and differs between engines.
    struct Answer: InspectedContainer {
        static let template =
            #"{"name":{{json .Name}},"id":{{json .Id}},"image":{{json .Config.Image}},"digest":{{json .Image}},"#
            + #""running":{{json .State.Running}},"paused":{{json .State.Paused}},"pid":{{json .State.Pid}},"#
            // The host's part whole: a key that docker leaves out of it is an error of a template that names it.
            + #""restarting":{{json .State.Restarting}},"finished":{{json .State.FinishedAt}},"#
            + #""exit":{{json .State.ExitCode}},"restarts":{{json .RestartCount}},"host":{{json .HostConfig}},"#
            + #""mounts":{{json .Mounts}},"labels":{{json .Config.Labels}}}"#

        struct Host: Decodable {
            let RestartPolicy: Policy?
            let Tmpfs: [String: String]?
            let AutoRemove: Bool?
        }

        struct Policy: Decodable {
            let Name: String?
            let MaximumRetryCount: Int?
        }

        struct Mount: Decodable {
            let `Type`: String?
            let Source: String?
            let Destination: String
            let RW: Bool?
        }

        let name: String
        let id: String
        let image: String
        let digest: String?
        let running: Bool
        let paused: Bool
        let pid: Int32
        // What an engine of another make may leave out.
        let restarting: Bool?
        let finished: String?
        let exit: Int?
        let restarts: Int?
        let host: Host?
        let mounts: [Mount]?
        let labels: [String: String]?

        var info: ContainerInfo {
            let memory = (host?.Tmpfs ?? [:]).keys.map { ContainerMount(kind: .tmpfs, source: "", destination: $0) }
            let others = (mounts ?? []).map { mount in
                let kind = mount.Type.flatMap(ContainerMount.Kind.init) ?? .other
                return ContainerMount(
                    kind: kind, source: kind == .tmpfs ? "" : mount.Source ?? "", destination: mount.Destination,
                    isWritable: mount.RW ?? true)
            }
            return ContainerInfo(
                id: id, image: image, imageDigest: digest, isRunning: running, isPaused: paused,
                processID: pid > 0 ? pid : nil, isRestarting: restarting ?? false, restartPolicy: policyWord,
                mounts: others + memory, restarts: restarts ?? 0,
                isRemovedOnStop: host?.AutoRemove ?? false,
                project: labels?[ComposeProject.label].flatMap { $0.isEmpty ? nil : $0 },
                secondsSinceEnd: running ? nil : finished.flatMap(Self.secondsSince), exitCode: exit ?? 0)
        }

        private var policyWord: String {
            guard let name = host?.RestartPolicy?.Name, !name.isEmpty else { return "no" }
            guard name == "on-failure", let count = host?.RestartPolicy?.MaximumRetryCount, count > 0 else {
                return name
            }
            return "\(name):\(count)"
        }

        /// A time as Docker writes it, `2026-11-23T02:30:00.123456789Z`; nil for the year 1, which means never.
        private static func secondsSince(_ text: String) -> Int? {
            guard let date = try? Date(text.prefix(19) + "Z", strategy: .iso8601) else { return nil }
            let seconds = Date().timeIntervalSince(date)
            return date.timeIntervalSince1970 > 0 ? Int(max(0, seconds)) : nil
        }
    }
}

/// One container in an answer of `docker inspect`.
protocol InspectedContainer: Decodable {
    /// The Go template that makes one JSON object a container, without line breaks.
    static var template: String { get }
    /// As Docker writes it, with a slash in front.
    var name: String { get }
}
