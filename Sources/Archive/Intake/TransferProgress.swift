internal import Synchronization

/// Counters that one thread raises and another one shows; also carries the wish to stop.
public final class TransferProgress: Sendable {
    private let rawBytes = Atomic<UInt64>(0)
    private let entries = Atomic<UInt64>(0)
    private let cancelled = Atomic<Bool>(false)

    /// At zero, not cancelled.
    public init() {}

    /// Bytes of the tar stream so far.
    public var bytes: UInt64 { rawBytes.load(ordering: .relaxed) }
    /// Entries so far.
    public var entryCount: UInt64 { entries.load(ordering: .relaxed) }
    /// True once ``cancel()`` was called.
    public var isCancelled: Bool { cancelled.load(ordering: .acquiring) }

    /// Asks whoever works to stop at the next chunk: it throws `.cancelled`.
    public func cancel() { cancelled.store(true, ordering: .releasing) }

    func update(bytes: UInt64, entries count: UInt64) {
        rawBytes.store(bytes, ordering: .relaxed)
        entries.store(count, ordering: .relaxed)
    }

    func checkCancelled() throws(ArchiveError) {
        if isCancelled { throw ArchiveError(.cancelled, "cancelled") }
    }
}
