/// What a comparison looks at; a hard link has the facts of its file, as which of the names comes first is chance.
struct EntryRow: Equatable {
    let type: EntryType
    let mode: UInt32
    let uid: UInt32
    let gid: UInt32
    let size: UInt64
    let modified: Timestamp
    /// A digest of a file's content, of a symbolic link's target; a device's numbers.
    let content: UInt128
    /// A digest of extended attributes and ACLs; 0 where there are none.
    let attributes: UInt128

    init(_ entry: TarEntry, _ digest: SHA256Digest?) {
        (type, mode, uid, gid) = (entry.type, entry.mode, entry.uid, entry.gid)
        (size, modified) = (entry.size, entry.modified)
        content =
            switch entry.type {
            case .symlink: SHA256.hash(entry.linkTarget).prefix128
            case .characterDevice, .blockDevice: UInt128(entry.device.packed)
            default: digest?.prefix128 ?? 0
            }
        let isPlain = entry.xattrs.isEmpty && entry.accessACL == nil && entry.defaultACL == nil
        attributes = isPlain ? 0 : SHA256.hash(ModelDigest.attributes(entry, xattrs: true)).prefix128
    }
}

/// Rows by the digests of their paths, in about 110 bytes an entry, and the paths.
struct EntryTable {
    private(set) var rows: [EntryRow] = []
    /// A row's place by ``ModelDigest/key(_:)``.
    private(set) var places: [UInt128: Int] = [:]
    private var names: [UInt8] = []
    /// Where each row's name ends.
    private var ends: [Int] = []

    /// Adds an entry; a path that comes again (a directory) stands once.
    mutating func add(_ row: EntryRow, _ path: EntryPath, key: UInt128) {
        if let place = places[key] {
            rows[place] = row
            return
        }
        places[key] = rows.count
        rows.append(row)
        names += path.bytes
        ends.append(names.count)
    }

    subscript(key: UInt128) -> EntryRow? { places[key].map { rows[$0] } }

    func path(at place: Int) -> EntryPath {
        EntryPath(ofEntry: names[(place == 0 ? 0 : ends[place - 1])..<ends[place]])
    }
}

/// Which entries two trees are compared in.
struct EntryFilter {
    var selection: EntrySelection = .all
    var keys: Set<UInt128>?

    func includes(_ entry: TarEntry, key: UInt128) -> Bool {
        selection.includes(entry) && keys?.contains(key) ?? true
    }
}

/// A tree by path: the first of two that a ``TreeComparison`` compares. Memory grows with the number of entries.
public final class TreeListing: HoleNotingSink {
    /// Two trees are compared, whatever of them is stored as holes.
    public var digestForm: DigestForm { .comparable }
    /// What of the listed files is holes.
    public private(set) var holes = Holes()
    private(set) var table = EntryTable()
    private let filter: EntryFilter

    /// - Parameter selection: other entries are left out.
    public init(_ selection: EntrySelection = .all) { filter = EntryFilter(selection: selection) }

    /// - Parameter keys: only entries with these keys, as ``ModelDigest/differences(from:)`` gives them.
    public init(keys: Set<UInt128>) { filter = EntryFilter(keys: keys) }

    /// Nothing to do before the digest is known.
    public func begin(_ entry: TarEntry) throws(ArchiveError) {}

    /// Content is not needed: its digest comes at the end.
    public func content(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(ArchiveError) {}

    /// Adds the entry.
    public func end(_ entry: TarEntry, digest: SHA256Digest?) throws(ArchiveError) {
        let key = ModelDigest.key(entry.path)
        guard filter.includes(entry, key: key) else { return }
        holes.note(entry)
        // An archive names a link's file before the link.
        let file = entry.hardlinkTarget.flatMap { table[ModelDigest.key($0)] }
        table.add(file ?? EntryRow(entry, digest), entry.path, key: key)
    }
}
