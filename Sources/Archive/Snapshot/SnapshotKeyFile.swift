/// Where a cell keeps its key: `data/keys/snapshot.key`, 0600 in a 0700 directory, never in a snapshot.
public struct SnapshotKeyFile: Sendable {
    /// The key's place below the cell.
    public static let place: RelativePath = "data/keys/snapshot.key"

    private let cell: Directory
    private static let directory: RelativePath = "data/keys"

    /// `cell` is the cell's root; nothing is opened or made yet.
    public init(cell: Directory) { self.cell = cell }

    /// The key; nil where the file does not exist.
    ///
    /// Throws `.key` for a file that is a link, foreign-owned, open to others or no key, with the remedy.
    public func load() throws(ArchiveError) -> SnapshotKey? {
        do throws(ArchiveError) {
            return try SnapshotKey(text: cell.readSecret(Self.place, limit: 4096))
        } catch {
            if error.code == .notFound { return nil }
            if error.code == .refused { throw ArchiveError(.key, error.message, underlying: error) }
            if error.code == .key {
                throw ArchiveError(.key, "\(cell.path)/\(Self.place): \(error.message)", underlying: error)
            }
            throw error
        }
    }

    /// The key, made first when there is none; two processes at once agree on one key.
    public func loadOrCreate() throws(ArchiveError) -> SnapshotKey {
        if let key = try load() { return key }
        let key = try SnapshotKey.generate()
        do throws(ArchiveError) {
            try write(key, replacing: false)
            return key
        } catch {
            guard error.code == .exists, let other = try load() else { throw error }
            return other
        }
    }

    /// Stores a key that was exported elsewhere.
    ///
    /// Throws `.key` where a different key is in place, unless `replacing`: snapshots sealed with it could not be
    /// authenticated any more.
    public func store(_ key: SnapshotKey, replacing: Bool = false) throws(ArchiveError) {
        if !replacing, let present = try load() {
            if present == key { return }
            throw ArchiveError(
                .key,
                "this cell has another key (\(present.id)) than the one to import (\(key.id)): export it first, "
                    + "then import with --replace; snapshots made with the old key count as foreign afterwards")
        }
        try write(key, replacing: replacing)
    }

    private func write(_ key: SnapshotKey, replacing: Bool) throws(ArchiveError) {
        _ = try cell.createDirectories("data", mode: 0o755)
        let directory = try cell.createDirectories(Self.directory, mode: 0o700)
        let status = try directory.status()
        if status.mode & 0o077 != 0 {
            throw ArchiveError(.key, "directory \(directory.path) is open to others: chmod 700 \(directory.path)")
        }
        try directory.writeAtomically(
            RelativePath(checked: [Self.place.name]), key.text, mode: 0o600, replacing: replacing)
    }
}
