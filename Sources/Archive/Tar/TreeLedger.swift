/// Remembers every path of an archive in 32 bytes, to hold it to being one tree (rules 8 and 10 of docs/archives.md).
struct TreeLedger {
    private struct Row {
        let type: EntryType
        /// Folds a directory's metadata, so that only an identical one may repeat.
        let metadata: Int
    }

    private var rows: [UInt128: Row] = [:]

    /// - Throws: `tree.duplicate`, `tree.type-changed`, `tree.parent-not-directory` or `tree.hardlink-target`.
    mutating func admit(_ entry: TarEntry) throws(BrokenRule) {
        try checkParent(of: entry.path)
        if entry.path.isRoot, entry.type != .directory {
            throw BrokenRule(.treeTypeChanged, "the archived directory itself is given as a \(entry.type.rawValue)")
        }
        if let target = entry.hardlinkTarget {
            guard let row = rows[Self.key(target)], row.type != .directory else {
                throw BrokenRule(
                    .treeHardlinkTarget,
                    "the hard link names \"\(target)\", which is no earlier entry other than a directory")
            }
        }
        let row = Row(type: entry.type, metadata: entry.type == .directory ? Self.fold(entry) : 0)
        guard let earlier = rows.updateValue(row, forKey: Self.key(entry.path)) else { return }
        guard earlier.type == entry.type else {
            throw BrokenRule(
                .treeTypeChanged, "the path was a \(earlier.type.rawValue) and comes again as a \(entry.type.rawValue)")
        }
        guard entry.type == .directory, earlier.metadata == row.metadata else {
            throw BrokenRule(.treeDuplicate, "the path appears twice")
        }
    }

    private func checkParent(of path: EntryPath) throws(BrokenRule) {
        guard let parent = path.parent, !parent.isRoot else { return }
        switch rows[Self.key(parent)]?.type {
        case .directory: return
        case .some(let type):
            throw BrokenRule(.treeParentNotDirectory, "it lies below \"\(parent)\", which is a \(type.rawValue)")
        case nil:
            throw BrokenRule(
                .treeParentNotDirectory, "it lies below \"\(parent)\", which is no earlier directory of the archive")
        }
    }

    /// 128 bits of SHA-256: nobody finds two paths that collide.
    private static func key(_ path: EntryPath) -> UInt128 { SHA256.hash(path.bytes).prefix128 }

    private static func fold(_ entry: TarEntry) -> Int {
        var hasher = Hasher()
        hasher.combine(entry.mode)
        hasher.combine(entry.uid)
        hasher.combine(entry.gid)
        hasher.combine(entry.modified)
        hasher.combine(entry.xattrs)
        hasher.combine(entry.accessACL)
        hasher.combine(entry.defaultACL)
        return hasher.finalize()
    }
}
