public import SystemPackage

/// A snapshot that is being written: the directory `.incomplete-<id>`, which nothing lists.
///
/// While this object lives it holds a lock (flock(2)) on the directory, so that another run's clean-up leaves it alone;
/// the kernel frees it when the process dies.
public final class IncompleteSnapshot: Sendable {
    static let prefix = ".incomplete-"

    /// The id it will have, unless that is taken by then.
    public let id: SnapshotID
    /// Open; everything goes below it.
    public let directory: Directory
    /// Its name in the store.
    let path: RelativePath

    init(id: SnapshotID, directory: Directory, path: RelativePath) throws(ArchiveError) {
        self.id = id
        self.directory = directory
        self.path = path
        try directory.claim()
    }

    /// Makes a new 0600 file and the 0700 directories above it; the caller writes and closes it.
    public func createFile(_ path: RelativePath) throws(ArchiveError) -> FileDescriptor {
        if let parent = path.parent { _ = try directory.createDirectories(parent, mode: 0o700) }
        return try directory.createFile(path, mode: 0o600)
    }

    /// Writes a small file in one step, 0600, and the 0700 directories above it; an existing one is `.exists`.
    public func write(_ path: RelativePath, _ bytes: [UInt8]) throws(ArchiveError) {
        if let parent = path.parent { _ = try directory.createDirectories(parent, mode: 0o700) }
        try directory.writeAtomically(path, bytes, mode: 0o600, replacing: false)
    }
}
