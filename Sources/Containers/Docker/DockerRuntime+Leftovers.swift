internal import Glibc

extension DockerRuntime {
    /// Kills what a run left in a container; nobody else does.
    ///
    /// Measured with Docker 20.10 (engine) and its CLI of 20.10 and 28.2: when the CLI is killed, with SIGKILL or
    /// SIGTERM, the process in the container is told nothing. The engine reads on and throws its output away, so a
    /// tar that writes runs through the whole volume to its end (300 MB: 1 s) instead of dying of SIGPIPE; a tar that
    /// reads sees the plain end of its input, as if the stream were complete; a process that does neither, or starts
    /// the next one, stays for good.
    public func endLeftovers(run: String, in name: ContainerName) async throws -> Int {
        try await end(run, command: nil, in: name)
    }

    /// The same for a single command of the run, where one is named.
    func end(_ run: String, command: String?, in name: ContainerName) async throws -> Int {
        let info = try await inspect(name)
        guard info.isRunning, let main = info.processID else { return 0 }
        // A process is touched only when its cgroup names the container and its environment names the run, so a
        // remote engine's numbers, or those of another container, never hit a stranger.
        if ProcessTable.isInCgroup(main, of: info.id) {
            func isWanted(_ process: pid_t) -> Bool {
                process != main && ProcessTable.isInCgroup(process, of: info.id)
                    && ProcessTable.environment(of: process)?.marks(run: run, command: command) == true
            }
            let found = ProcessTable.processes(where: isWanted)
            let readable = ProcessTable.environment(of: main) != nil
            if readable { return await ProcessTable.end(found, where: isWanted) }
        }
        return try await endFromInside(run: run, command: command, in: name)
    }

    /// The way for a remote engine, or without the right to look: with the container's own find, cat and sh.
    ///
    /// There is no descriptor of a process in a shell: each is looked at again right before the signal.
    func endFromInside(run: String, command: String? = nil, in name: ContainerName) async throws -> Int {
        // Unmarked, or the search would find itself.
        let unmarked = [ContainerCommand.runVariable: ""]
        let search = ContainerCommand(
            ["find", "/proc", "-maxdepth", "2", "-path", "/proc/[0-9]*/environ", "-print0", "-exec", "cat", "{}", ";"],
            environment: unmarked, output: .collect(limit: 16 << 20), deadline: .usual)
        // Processes come and go while find looks, so its exit status says nothing.
        let found = try await execute(search, in: name)
        if let failure = found.transportFailure { throw remaining(run, in: name, failure) }
        let processes = Self.processes(in: found.output, of: run, command: command)
        guard !processes.isEmpty else { return 0 }
        let mark =
            command.map { "\(ContainerCommand.commandVariable)=\($0)" }
            ?? "\(ContainerCommand.runVariable)=\(run == "*" ? "" : run)"
        let kill = ContainerCommand(
            [
                "sh", "-c",
                // A shell leaves out the NUL between two variables; busybox's grep would stop there.
                #"mark=$1; shift; for p; do case "$(cat "/proc/$p/environ")" in *"$mark"*) kill -9 "$p" && echo "$p"; esac; done"#,
                "sh", mark,
            ] + processes.map { "\($0)" }, environment: unmarked)
        let killed = try await execute(kill, in: name)
        if let failure = killed.transportFailure { throw remaining(run, in: name, failure) }
        let count = killed.output.count { $0 == UInt8(ascii: "\n") }
        if count == 0, let words = killed.errorText.lines.first, !words.contains("No such file") {
            throw remaining(run, in: name, ContainerError(.engineRefused, words))
        }
        return count
    }

    /// Reads `/proc/12/environ`, then what it contains, then the next, all NUL-terminated; never the main process.
    static func processes(in listing: [UInt8], of run: String, command: String? = nil) -> [Int32] {
        var found: [Int32] = []
        var current: Int32?
        for text in listing.split(separator: 0) {
            let line = String(decoding: text, as: UTF8.self)
            if line.hasPrefix("/proc/"), line.hasSuffix("/environ") {
                current = Int32(line.dropFirst(6).dropLast(8))
            } else if let process = current, process > 1,
                ProcessEnvironment(Array(text)).marks(run: run, command: command)
            {
                found.append(process)
                current = nil
            }
        }
        return found
    }

    private func remaining(_ run: String, in name: ContainerName, _ failure: ContainerError) -> ContainerError {
        ContainerError(
            .leftoversRemain,
            "processes of run \(run) may be left in container \(name), and this host can't end them (the engine is "
                + "remote, or not ours to look into); end them with: docker restart \(name)", underlying: failure)
    }
}
