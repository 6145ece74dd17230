internal import Glibc

extension DockerRuntime {
    public func endLeftovers(run: String, in name: ContainerName) async throws -> Int {
        let info = try await inspect(name)
        guard info.isRunning, let main = info.processID else { return 0 }
        // A process is touched only when its cgroup names the container and its environment names the run, so a
        // remote engine's numbers, or those of another container, never hit a stranger.
        if ProcessTable.isInCgroup(main, of: info.id) {
            let found = ProcessTable.processes { process in
                process != main && ProcessTable.isInCgroup(process, of: info.id)
                    && ProcessTable.environment(of: process)?.marks(run: run) == true
            }
            let readable = ProcessTable.environment(of: main) != nil
            if readable { return await ProcessTable.end(found) }
        }
        return try await endFromInside(run: run, in: name)
    }

    /// The way for a remote engine, or without the right to look: with the container's own find, grep and kill.
    private func endFromInside(run: String, in name: ContainerName) async throws -> Int {
        let pattern = run == "*" ? "\(ContainerCommand.runVariable)=" : "\(ContainerCommand.runVariable)=\(run)"
        // Unmarked, or the search would find itself.
        let search = ContainerCommand(
            [
                "find", "/proc", "-maxdepth", "2", "-path", "/proc/[0-9]*/environ", "-exec", "grep", "-q", "-a", "-F",
                "-e", pattern, "{}", ";", "-print",
            ], environment: [ContainerCommand.runVariable: ""])
        let found = try await exec(search, in: name)
        if let failure = found.transportFailure { throw remaining(run, in: name, failure) }
        let processes = String(decoding: found.output, as: UTF8.self).split(separator: "\n").compactMap { line in
            line.split(separator: "/").dropFirst().first.flatMap { Int32($0) }
        }.filter { $0 != 1 }
        guard !processes.isEmpty else { return 0 }
        let kill = ContainerCommand(
            ["kill", "-9"] + processes.map { "\($0)" }, environment: [ContainerCommand.runVariable: ""])
        let killed = try await exec(kill, in: name)
        if let failure = killed.transportFailure { throw remaining(run, in: name, failure) }
        return processes.count
    }

    private func remaining(_ run: String, in name: ContainerName, _ failure: ContainerError) -> ContainerError {
        ContainerError(
            .leftoversRemain,
            "processes of run \(run) may be left in container \(name), and this host can't end them (the engine is "
                + "remote, or not ours to look into); end them with: docker restart \(name)", underlying: failure)
    }
}
