/// A complete snapshot in a store, its document read and judged.
public struct StoredSnapshot: Sendable {
    public let id: SnapshotID
    public let document: SnapshotDocument
    /// Look at it before trusting the document: `.wrong` is never accepted.
    public let authenticity: SnapshotAuthenticity
    /// The snapshot's directory, open.
    public let directory: Directory

    /// The bytes of its archives as recorded, and of its plain files.
    public var recordedSize: UInt64 {
        document.services.flatMap(\.archives).reduce(0) { $0 + ($1.size ?? 0) }
            + document.files.reduce(0) { $0 + ($1.size ?? 0) }
    }
}
