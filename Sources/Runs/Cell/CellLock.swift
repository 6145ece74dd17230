internal import Archive
internal import Glibc
internal import Registry
internal import SystemPackage

/// The right to change a cell: an exclusive flock(2) on a file in `data`, freed by the kernel when the process dies.
public final class CellLock: Sendable {
    /// What of a cell is locked. A switch of an exit must not wait for the end of a nightly backup.
    public enum Scope: String, Sendable {
        /// `data/picjobs.lock`: volumes and snapshots.
        case cell = "picjobs.lock"
        /// `data/egress.lock`: the network.
        case egress = "egress.lock"

        /// `data/caddy.lock`: what Caddy serves.
        case caddy = "caddy.lock"
        /// `data/accounts.lock`: accounts of peers.
        case accounts = "accounts.lock"

        /// Seconds to wait for the lock: a run of egress or of Caddy takes a moment, a backup hours.
        var patience: Double {
            switch self {
            case .cell: 0
            case .egress: 10
            case .caddy: 60
            case .accounts: 120
            }
        }
    }

    private let descriptor: FileDescriptor

    /// Takes the lock, or fails; for the scope `cell` at once.
    ///
    /// - Throws: ``RunError`` `.busy` that names the run which holds it.
    public init(_ cell: Cell, run: RunID, scope: Scope = .cell) throws {
        let data = try cell.root.createDirectories("data", mode: 0o755)
        // A throw from here on runs deinit, which closes it: all of the object is there.
        descriptor = try Self.take(
            try RelativePath(scope.rawValue), in: data, of: cell.layout.root.string, within: scope.patience)
        ftruncate(descriptor.rawValue, 0)
        let text = Array("\(run.text) \(getpid())\n".utf8)
        _ = pwrite(descriptor.rawValue, text, text.count, 0)
    }

    deinit {
        // A child between fork and exec has the open file, too: closing ours alone would leave it locked for a moment.
        flock(descriptor.rawValue, LOCK_UN)
        close(descriptor.rawValue)
    }

    private static func take(
        _ file: RelativePath, in data: Directory, of cell: String, within seconds: Double
    ) throws -> FileDescriptor {
        let end = ContinuousClock().now + .milliseconds(Int(seconds * 1000))
        while true {
            let descriptor = try data.openAppending(file, mode: 0o600)
            do {
                while flock(descriptor.rawValue, LOCK_EX | LOCK_NB) != 0 {
                    let reason = Errno(rawValue: errno)
                    if reason == .interrupted { continue }
                    guard reason == .wouldBlock else {
                        throw ArchiveError.system(reason, "lock", "\(data.path)/\(file)")
                    }
                    guard ContinuousClock().now < end else {
                        throw RunError(
                            .busy,
                            "the cell \(cell) is busy with \(holder(descriptor)); try again when it has ended")
                    }
                    usleep(10_000)
                }
                // Who waits for a file that is removed meanwhile would hold a lock that no other run knows.
                if try data.isCurrent(descriptor, file) { return descriptor }
            } catch {
                close(descriptor.rawValue)
                throw error
            }
            close(descriptor.rawValue)
        }
    }

    private static func holder(_ descriptor: FileDescriptor) -> String {
        var buffer = [UInt8](repeating: 0, count: 128)
        let count = pread(descriptor.rawValue, &buffer, buffer.count, 0)
        let words = ByteText.escape(buffer.prefix(max(0, count))).split(separator: " ")
        guard words.count == 2 else { return "another run" }
        return "run \(words[0]) (process \(words[1].replacing("\\n", with: "")))"
    }
}
