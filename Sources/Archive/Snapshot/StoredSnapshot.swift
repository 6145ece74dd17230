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
        (document.services.flatMap(\.archives).map { $0.size ?? 0 } + document.files.map { $0.size ?? 0 })
            .saturatingSum
    }
}

extension [UInt64] {
    /// The sum, or the largest number where it is larger: recorded sizes may be anybody's.
    public var saturatingSum: UInt64 {
        reduce(0) { sum, value in
            let (result, isTooLarge) = sum.addingReportingOverflow(value)
            return isTooLarge ? .max : result
        }
    }
}
