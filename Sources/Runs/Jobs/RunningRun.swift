internal import Archive
internal import Glibc
internal import SystemPackage

/// The run that holds a lock of a cell right now, found without touching the lock.
public struct RunningRun: Sendable {
    /// The run.
    public let id: RunID
    /// Its process.
    public let process: Int32
    private let lock: FileStatus

    /// The run that is under way; nil when the lock is free.
    ///
    /// The process must have the lock's file open and locked: the kernel says so in `/proc/<pid>/fdinfo`. A number that
    /// an earlier run left in the file, and that belongs to something else by now, is never taken for the holder.
    /// - Parameters:
    ///   - scope: which of the cell's locks.
    ///   - program: what the process must be called (`/proc/<pid>/comm`).
    /// - Throws: ``RunError`` `.failed` when somebody else holds the lock, or this user may not look at the process.
    public static func current(
        _ cell: Cell, scope: CellLock.Scope = .cell, program: String = "picjobs"
    ) throws -> RunningRun? {
        let file = try RelativePath(scope.rawValue)
        guard let data = try cell.root.directoryIfPresent("data"), let status = try data.status(file),
            status.kind == .file
        else { return nil }
        let words = String(decoding: try data.readFile(file, limit: 4096), as: UTF8.self)
            .split(whereSeparator: \.isWhitespace)
        if words.count == 2, let id = RunID(String(words[0])), let process = Int32(words[1]), process > 1 {
            let run = RunningRun(id: id, process: process, lock: status)
            if try run.isHolding() {
                let name = Self.name(of: process)
                guard name == program else {
                    throw RunError(.failed, "the lock is held by process \(process), which is \(name), not \(program)")
                }
                return run
            }
        }
        guard try isLocked(data, file) else { return nil }
        throw RunError(
            .failed,
            "\(data.path)/\(file) is locked, but not by the run that it names; fuser shows who has it open")
    }

    /// Sends SIGTERM and waits until the run has let the lock go.
    ///
    /// - Returns: whether it ended within `seconds`.
    /// - Throws: ``RunError`` `.failed` when the process can't be signalled; `CancellationError`.
    public func cancel(waiting seconds: Double = 10) async throws -> Bool {
        guard try isHolding() else { return true }
        if kill(process, SIGTERM) != 0 {
            let code = errno
            guard code != ESRCH else { return true }
            throw RunError(.failed, "cannot signal process \(process) of run \(id): \(Errno(rawValue: code))")
        }
        let end = ContinuousClock().now + .milliseconds(Int(seconds * 1000))
        while ContinuousClock().now < end {
            if try !isHolding() { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return try !isHolding()
    }

    /// Whether the process has the lock's very file open with an exclusive flock on it.
    private func isHolding() throws -> Bool {
        let place = "/proc/\(process)"
        let directory: Directory
        do throws(ArchiveError) {
            guard let found = try Directory(opening: "/proc").directoryIfPresent(RelativePath("\(process)/fd")) else {
                return false
            }
            directory = found
            for entry in try directory.list() {
                let number = entry.path.description
                var status = stat()
                // This stat goes through the link in /proc: it is the open file itself.
                guard stat("\(place)/fd/\(number)", &status) == 0, UInt64(status.st_dev) == lock.device,
                    UInt64(status.st_ino) == lock.inode
                else { continue }
                if Self.hasFlock("\(place)/fdinfo/\(number)") { return true }
            }
            return false
        } catch {
            // A process that ends while it is looked at.
            if kill(process, 0) != 0, errno == ESRCH { return false }
            throw RunError(
                .failed, "cannot look at process \(process) of run \(id); be the user it belongs to, or root",
                underlying: error)
        }
    }

    private static func hasFlock(_ path: String) -> Bool {
        text(path).split(separator: "\n").contains { line in
            line.hasPrefix("lock:") && line.contains("FLOCK") && line.contains("WRITE")
        }
    }

    private static func name(of process: Int32) -> String {
        let name = text("/proc/\(process)/comm").split(separator: "\n").first.map(String.init)
        return name ?? "gone"
    }

    /// A short file of /proc; empty when it can't be read any more.
    private static func text(_ path: String) -> String {
        let number = open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return "" }
        defer { close(number) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(number, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    /// Tries the lock for an instant, shared; only when nobody is known to hold it.
    private static func isLocked(_ data: Directory, _ file: RelativePath) throws -> Bool {
        let descriptor = try data.openFile(file)
        defer { close(descriptor.rawValue) }
        return flock(descriptor.rawValue, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }
}
