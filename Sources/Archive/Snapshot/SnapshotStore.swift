public import SystemPackage

/// The directory that holds a cell's snapshots (`data/backups`, 0700).
///
/// A snapshot is complete exactly when its directory has an id as its name: it gets that name last, in one rename.
public struct SnapshotStore: Sendable {
    static let document: RelativePath = "snapshot.json"
    static let latest: RelativePath = "latest"
    static let deletingPrefix = ".deleting-"
    static let latestPrefix = ".latest-"

    /// The store's root, open.
    public let directory: Directory

    /// Opens the store, made with mode 0700 first if it is absent; its parent must exist.
    public init(root: FilePath) throws(ArchiveError) {
        directory = try Directory(openingOrCreating: root, mode: 0o700)
    }

    /// Opens a store that must exist; for reading a backup medium.
    public init(existing root: FilePath) throws(ArchiveError) {
        directory = try Directory(opening: root)
    }

    /// Bytes that may still be written.
    public func freeSpace() throws(ArchiveError) -> UInt64 { try directory.freeSpace() }

    /// The ids of all complete snapshots, the oldest first; nothing is read.
    public func ids() throws(ArchiveError) -> [SnapshotID] {
        var ids: [SnapshotID] = []
        for entry in try directory.list() where entry.kind == .directory {
            guard let id = Self.id(entry.name) else { continue }
            if try directory.status(entry.path.appending(Self.document))?.kind == .file { ids.append(id) }
        }
        return ids.sorted()
    }

    /// Everything that has a snapshot's name, complete or not, the oldest first; nothing is read.
    public func names() throws(ArchiveError) -> [String] {
        try directory.list().compactMap { Self.id($0.name) }.sorted().map(\.description)
    }

    /// Reads every snapshot's document; names that are no id (`.incomplete-…`, `latest`) are passed over, and so is
    /// what is removed meanwhile.
    public func list(key: SnapshotKey?) throws(ArchiveError) -> SnapshotListing {
        var snapshots: [StoredSnapshot] = []
        var unreadable: [SnapshotListing.Unreadable] = []
        for entry in try directory.list() {
            guard let id = Self.id(entry.name) else { continue }
            do throws(ArchiveError) {
                snapshots.append(try open(id, key: key, keepingOpen: false))
            } catch {
                if error.isShortage { throw error }
                if error.code == .notFound { continue }
                unreadable.append(.init(id: id, error: error))
            }
        }
        return SnapshotListing(
            snapshots: snapshots.sorted { $0.id < $1.id }, unreadable: unreadable.sorted { $0.id < $1.id })
    }

    /// Reads and judges one snapshot's document.
    ///
    /// Throws `.notFound` where there is no such snapshot, `.damaged` where its document is missing, can't be read or
    /// belongs to another id. A wrong authentication is no error here but ``StoredSnapshot/authenticity``.
    public func open(_ id: SnapshotID, key: SnapshotKey?) throws(ArchiveError) -> StoredSnapshot {
        try open(id, key: key, keepingOpen: true)
    }

    func open(_ id: SnapshotID, key: SnapshotKey?, keepingOpen: Bool) throws(ArchiveError) -> StoredSnapshot {
        guard try directory.status(id.path) != nil else {
            throw ArchiveError(.notFound, "there is no snapshot \(id) in \(directory.path): see picjobs snapshots list")
        }
        do throws(ArchiveError) {
            let snapshot = try directory.directory(id.path)
            let bytes = try snapshot.readFile(Self.document, limit: SnapshotDocument.byteLimit)
            let document = try SnapshotDocument(parsing: bytes)
            guard document.id == id else {
                throw ArchiveError(.damaged, "its snapshot.json is that of snapshot \(document.id): it was renamed")
            }
            return try StoredSnapshot(
                id: id, document: document, authenticity: SnapshotSeal.check(bytes, document, key: key),
                in: directory, at: snapshot, keepingOpen: keepingOpen)
        } catch {
            if error.code == .notFound, try directory.status(id.path) == nil {
                throw ArchiveError(
                    .notFound, "snapshot \(id) was removed while it was read: see picjobs snapshots list")
            }
            let isContent = [.damaged, .refused, .notFound].contains(error.code)
            throw ArchiveError(isContent ? .damaged : error.code, "snapshot \(id): \(error.message)", underlying: error)
        }
    }

    /// The newest regular snapshot: the one that the `latest` link names, and where that is missing or leads nowhere, the
    /// newest one that is there; nil where there is none.
    ///
    /// Throws `.damaged` when `latest` is no link or names something else.
    public func latest() throws(ArchiveError) -> SnapshotID? {
        guard let status = try directory.status(Self.latest) else { return try newestRegular() }
        guard status.kind == .symlink, let id = try linked() else {
            // A removal of the last snapshot took it away meanwhile.
            if try directory.status(Self.latest) == nil { return try newestRegular() }
            throw ArchiveError(.damaged, "\(directory.path)/latest is not a link to a snapshot; remove it")
        }
        return try directory.status(id.path.appending(Self.document))?.kind == .file ? id : try newestRegular()
    }

    static func id(_ name: [UInt8]) -> SnapshotID? {
        name.count == 16 ? SnapshotID(String(decoding: name, as: UTF8.self)) : nil
    }
}
