extension DockerRuntime: ContainerLifecycle {
    /// The label of a stand-in; its value is the run.
    static let standInLabel = "picjobs.stand-in"

    public func stop(_ name: ContainerName) async throws {
        try await setRestartPolicy("no", of: name)
        // Without -t the container's own stop time holds, so ours must be longer than any sensible one.
        try await demand(["stop", "--", name.text], "stop", name, patience: .seconds(900))
    }

    public func freeze(_ name: ContainerName) async throws {
        try await setRestartPolicy("no", of: name)
        // kill(2): -1 is every process but the caller and the first of the namespace, which only the engine can stop.
        let others = try await exec(ContainerCommand(["sh", "-c", "kill -STOP -1 2>/dev/null || true"]), in: name)
        if let failure = others.transportFailure { throw failure }
        try await demand(["kill", "-s", "STOP", "--", name.text], "freeze", name, patience: patience)
    }

    public func kill(_ name: ContainerName) async throws {
        guard try await inspect(name).isRunning else { return }
        try await demand(["kill", "--", name.text], "kill", name, patience: patience)
    }

    public func setRestartPolicy(_ policy: String, of name: ContainerName) async throws {
        try await demand(
            ["update", "--restart", policy, "--", name.text], "set the restart policy of", name, patience: patience)
    }

    public func start(_ name: ContainerName) async throws {
        try await demand(["start", "--", name.text], "start", name, patience: patience * 2)
    }

    public func makeStandIn(for name: ContainerName, serial: Int) async throws -> ContainerName {
        let info = try await inspect(name)
        guard let standIn = ContainerName("picjobs-\(run)-\(serial)") else {
            throw ContainerError(.badPath, "\(run) can't be part of a container's name")
        }
        // By its digest: the name may lead to another image by now.
        let image = info.imageDigest ?? info.image
        let arguments =
            ["run", "-d", "--name", standIn.text, "--label", "\(Self.standInLabel)=\(run)", "--network", "none"]
            + ["--restart", "no", "--no-healthcheck", "--user", "0", "--security-opt", "label=disable"]
            + ["--log-driver", "none", "-e", "LD_PRELOAD=", "--volumes-from", name.text]
            + ["--entrypoint", "sleep", "--", image, "864000"]
        try await demand(arguments, "make a stand-in for", name, patience: patience * 2)
        return standIn
    }

    public func removeStandIns(run: String) async throws {
        let names = try await list([
            "ps", "-a", "--format", "{{.Names}}", "--filter", "label=\(Self.standInLabel)=\(run)",
        ])
        guard !names.isEmpty else { return }
        // With the volumes that only they have: one that an image declares is made for every container of it.
        let result = try await ask(["rm", "-f", "-v", "--"] + names, about: .engine, patience: patience * 2)
        guard result.status.isSuccess else { throw refused("remove the stand-ins of run \(run)", result) }
    }

    public func runsWithStandIns() async throws -> Set<String> {
        Set(
            try await list([
                "ps", "-a", "--format", "{{.Label \"\(Self.standInLabel)\"}}", "--filter", "label=\(Self.standInLabel)",
            ]))
    }

    public func running() async throws -> [ContainerName: ContainerInfo] {
        let names = try await list(["ps", "--format", "{{.Names}}"]).compactMap { ContainerName($0) }
        return try await inspect(names, as: Answer.self).mapValues(\.info)
    }

    private func demand(
        _ arguments: [String], _ what: String, _ name: ContainerName, patience: Duration
    ) async throws {
        let result = try await ask(arguments, about: name, patience: patience)
        guard result.status.isSuccess else {
            throw ContainerError.from(execResult: result, in: name)
                ?? ContainerError(.engineRefused, "docker could not \(what) container \(name): \(result.lastMessage)")
        }
    }
}
