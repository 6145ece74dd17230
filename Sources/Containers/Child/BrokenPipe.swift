internal import Glibc

/// SIGPIPE: a child that stops reading must be an EPIPE here, not our own death.
enum BrokenPipe {
    /// Ignores SIGPIPE in this process from now on; children start with the default again.
    static func ignore() { _ = once }

    private static let once: Void = {
        _ = signal(SIGPIPE, SIG_IGN)
    }()
}
