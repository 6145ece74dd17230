/// A complete snapshot in a store, its document read and judged.
public struct StoredSnapshot: Sendable {
    public let id: SnapshotID
    public let document: SnapshotDocument
    /// Look at it before trusting the document: `.wrong` is never accepted.
    public let authenticity: SnapshotAuthenticity
    /// Where it lies, for messages.
    public let path: String
    private let store: Directory
    private let status: FileStatus
    /// Nil for one of a listing: a store may hold more snapshots than a process may have files open.
    private let opened: Directory?

    init(
        id: SnapshotID, document: SnapshotDocument, authenticity: SnapshotAuthenticity, in store: Directory,
        at directory: Directory, keepingOpen: Bool
    ) throws(ArchiveError) {
        self.id = id
        self.document = document
        self.authenticity = authenticity
        self.store = store
        path = directory.path
        status = try directory.status()
        opened = keepingOpen ? directory : nil
    }

    /// The snapshot's directory, open.
    ///
    /// Throws `.notFound` where the snapshot was removed after its document was read.
    public var directory: Directory {
        get throws(ArchiveError) {
            if let opened { return opened }
            guard try !isRemoved else { throw removed }
            return try store.directory(id.path)
        }
    }

    /// Whether it was removed, or replaced, after its document was read.
    public var isRemoved: Bool {
        get throws(ArchiveError) {
            guard let now = try store.status(id.path) else { return true }
            return now.inode != status.inode || now.device != status.device
        }
    }

    /// What a reader says that finds it gone.
    public var removed: ArchiveError {
        ArchiveError(.notFound, "snapshot \(id) was removed while it was read: see picjobs snapshots list")
    }

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
