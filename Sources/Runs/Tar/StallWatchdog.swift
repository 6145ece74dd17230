internal import Archive
internal import Synchronization

/// Calls for help when a transfer's counter stands still for too long.
final class StallWatchdog: Sendable {
    private let fired = Atomic<Bool>(false)
    private let task: Mutex<Task<Void, Never>?> = Mutex(nil)

    /// True once it has called.
    var hasFired: Bool { fired.load(ordering: .acquiring) }

    init(_ progress: TransferProgress, seconds: Int, _ call: @escaping @Sendable () -> Void) {
        let watch = Task { [weak self] in
            var last = progress.bytes
            var quiet = 0
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                quiet = progress.bytes == last ? quiet + 1 : 0
                last = progress.bytes
                if quiet >= seconds, !Task.isCancelled {
                    self?.fired.store(true, ordering: .releasing)
                    call()
                    return
                }
            }
        }
        task.withLock { $0 = watch }
    }

    func stop() { task.withLock { $0?.cancel() } }
}
