internal import Archive
internal import Dispatch
internal import Glibc
internal import SystemPackage

/// Runs work that blocks (pipes, disks) on a thread of its own, so that no task waits behind it.
func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue(label: "picjobs.blocking").async { continuation.resume(with: Result { try body() }) }
    }
}

/// Both ends of a pipe, close-on-exec, as large as an unprivileged process may have it (1 MiB).
struct WidePipe {
    let reading: FileDescriptor
    let writing: FileDescriptor

    init() throws {
        (reading, writing) = try FileDescriptor.pipe()
        for end in [reading, writing] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
        // F_SETPIPE_SZ; a refusal only costs speed.
        _ = fcntl(writing.rawValue, 1031, 1 << 20)
    }
}
