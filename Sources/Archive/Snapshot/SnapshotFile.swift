/// One plain file, directory or link below `project/` or `cell/` of a snapshot (`files[]`).
public struct SnapshotFile: Sendable, Codable, Equatable {
    public enum Kind: String, Sendable, Codable {
        case file, directory
        /// A symbolic link; it stands in the record alone, nothing lies at its path in the snapshot.
        case link
    }

    /// Relative to the snapshot, escaped (see ``EscapedName``): `project/config/notes/notes.conf`.
    public var path: String
    public var type: Kind
    /// Bytes; nil for a directory.
    public var size: UInt64?
    /// Of the content; nil for a directory.
    public var sha256: SHA256Digest?
    /// What a link holds, escaped; nil for anything else.
    public var target: String?
    /// Permission bits of the original, 0–0o7777, as a decimal number; the copy itself is 0600 or 0700.
    public var mode: UInt32
    public var uid: UInt32
    public var gid: UInt32
    public var mtime: Timestamp

    public init(
        path: String, type: Kind, size: UInt64? = nil, sha256: SHA256Digest? = nil, target: String? = nil,
        mode: UInt32, uid: UInt32, gid: UInt32, mtime: Timestamp
    ) {
        self.target = target
        self.path = path
        self.type = type
        self.size = size
        self.sha256 = sha256
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.mtime = mtime
    }

    /// The path with its escapes read; throws `.damaged` when it is none below `project/` or `cell/`.
    public func relativePath() throws(ArchiveError) -> RelativePath {
        do {
            let path = try RelativePath(escaped: self.path)
            if path.isWithin("project") || path.isWithin("cell") { return path }
        } catch {
            throw ArchiveError(.damaged, "snapshot.json names a bad file: \(error.message)", underlying: error)
        }
        throw ArchiveError(.damaged, "snapshot.json names \"\(self.path)\", which is not below project/ or cell/")
    }

    /// A link's target; throws `.damaged` where the record has none.
    func linkTarget() throws(ArchiveError) -> [UInt8] {
        guard let bytes = target.flatMap({ EscapedName.decode($0) }), !bytes.isEmpty, !bytes.contains(0) else {
            throw ArchiveError(.damaged, "snapshot.json has no target of the link \"\(path)\"")
        }
        return bytes
    }
}
