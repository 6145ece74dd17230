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
        _ = try cell.root.createDirectories("data", mode: 0o755)
        let path = cell.layout.place(FilePath("data").appending(scope.rawValue)).string
        let number = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard number >= 0 else {
            throw RunError(.failed, "cannot open \(path): \(Errno(rawValue: errno)); remove what is in its place")
        }
        // A throw from here on runs deinit, which closes it: all of the object is there.
        descriptor = FileDescriptor(rawValue: number)
        guard Self.take(number, within: scope.patience) else {
            let holder = Self.holder(descriptor)
            throw RunError(
                .busy, "the cell \(cell.layout.root) is busy with \(holder); try again when it has ended")
        }
        ftruncate(number, 0)
        let text = Array("\(run.text) \(getpid())\n".utf8)
        _ = pwrite(number, text, text.count, 0)
    }

    deinit {
        // A child between fork and exec has the open file, too: closing ours alone would leave it locked for a moment.
        flock(descriptor.rawValue, LOCK_UN)
        close(descriptor.rawValue)
    }

    private static func take(_ number: Int32, within seconds: Double) -> Bool {
        let end = ContinuousClock().now + .milliseconds(Int(seconds * 1000))
        while flock(number, LOCK_EX | LOCK_NB) != 0 {
            guard ContinuousClock().now < end else { return false }
            usleep(10_000)
        }
        return true
    }

    private static func holder(_ descriptor: FileDescriptor) -> String {
        var buffer = [UInt8](repeating: 0, count: 128)
        let count = pread(descriptor.rawValue, &buffer, buffer.count, 0)
        let words = ByteText.escape(buffer.prefix(max(0, count))).split(separator: " ")
        guard words.count == 2 else { return "another run" }
        return "run \(words[0]) (process \(words[1].replacing("\\n", with: "")))"
    }
}
