internal import CContainers
internal import Glibc
internal import SystemPackage

/// The kernel's list of processes, as far as it can be read.
enum ProcessTable {
    /// The numbers of all processes for which `isWanted` holds, without our own and its ancestors.
    static func processes(where isWanted: (pid_t) -> Bool) -> [pid_t] {
        let own = ancestors(of: getpid())
        return all().filter { !own.contains($0) && isWanted($0) }
    }

    /// The environment a process was started with; `nil` when it is gone or not ours to read.
    static func environment(of process: pid_t) -> ProcessEnvironment? {
        contents(of: "/proc/\(process)/environ").map(ProcessEnvironment.init)
    }

    /// The effective user of a process; `nil` when it is gone.
    static func owner(of process: pid_t) -> uid_t? {
        var status = stat()
        return stat("/proc/\(process)", &status) == 0 ? status.st_uid : nil
    }

    /// Whether one of a process's cgroups belongs to a container, by the engine's 64-digit id.
    static func isInCgroup(_ process: pid_t, of container: String) -> Bool {
        guard container.utf8.count >= 32, let text = contents(of: "/proc/\(process)/cgroup") else { return false }
        return String(decoding: text, as: UTF8.self).contains(container)
    }

    /// Kills those of `processes` for which `isWanted` still holds, and waits a moment until they have ended.
    ///
    /// By a descriptor of each (pidfd_open(2)): what was looked at is what gets the signal, whoever has the number since.
    /// - Returns: How many got the signal.
    static func end(_ processes: [pid_t], where isWanted: (pid_t) -> Bool) async -> Int {
        var killed: [Int32] = []
        defer { for descriptor in killed { close(descriptor) } }
        for process in processes {
            let descriptor = ccontainers_pidfd_open(process)
            guard descriptor >= 0 else { continue }
            // A process that is there after the look was there during it: its number was nobody else's.
            guard isWanted(process), ccontainers_pidfd_send_signal(descriptor, 0) == 0,
                ccontainers_pidfd_send_signal(descriptor, SIGKILL) == 0
            else {
                close(descriptor)
                continue
            }
            killed.append(descriptor)
        }
        var rounds = 0
        while rounds < 200, killed.contains(where: { !hasEnded($0) }) {
            rounds += 1
            do { try await Task.sleep(for: .milliseconds(10)) } catch { break }
        }
        return killed.count
    }

    /// The descriptor of a process can be read once it has ended, reaped or not.
    private static func hasEnded(_ descriptor: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) == 1
    }

    private static func all() -> [pid_t] {
        guard let directory = opendir("/proc") else { return [] }
        defer { closedir(directory) }
        var found: [pid_t] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let number = pid_t(name) { found.append(number) }
        }
        return found
    }

    private static func ancestors(of process: pid_t) -> Set<pid_t> {
        var seen: Set<pid_t> = []
        var next = process
        while next > 0, seen.insert(next).inserted {
            guard let status = contents(of: "/proc/\(next)/status") else { break }
            let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("PPid:") }
            next = line.flatMap { $0.split(separator: "\t").last }.flatMap { pid_t($0) } ?? 0
        }
        return seen
    }

    /// Reads a file of /proc, at most 2 MiB (more than an environment can have).
    private static func contents(of path: String) -> [UInt8]? {
        do {
            let file = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
            return try file.closeAfter {
                var bytes: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 16 * 1024)
                while bytes.count < 2 << 20 {
                    let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
                    if count == 0 { break }
                    bytes.append(contentsOf: buffer.prefix(count))
                }
                return bytes
            }
        } catch {
            return nil
        }
    }
}
