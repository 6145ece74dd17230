/// One difference between two trees.
public struct TreeChange: Sendable, Equatable {
    /// What happened to the path.
    public enum Kind: String, Sendable {
        /// Only the second tree has it.
        case added
        /// Only the first tree has it.
        case removed
        /// Both have it, and it differs.
        case changed
    }

    /// What happened.
    public let kind: Kind
    /// To which path.
    public let path: EntryPath
    /// Which properties differ: `type`, `content`, `mode`, `owner`, `time`, `target`, `attributes`, `device`.
    public let properties: [String]
}

/// The second of two trees: of it is kept only what differs from the first, for `snapshots diff` and
/// `restore --dry-run`.
public final class TreeComparison: HoleNotingSink {
    /// Two trees are compared, whatever of them is stored as holes.
    public var digestForm: DigestForm { .comparable }
    /// What of the second tree's files is holes.
    public private(set) var holes = Holes()
    private let first: EntryTable
    /// Which of the first tree's rows the second has, too.
    private var isShared: [Bool]
    /// What the second has and the first does not, or not so.
    private var others = EntryTable()
    private let filter: EntryFilter
    private let properties: RestorableProperties

    /// - Parameters:
    ///   - selection: other entries of the second tree are left out.
    ///   - properties: differences that a container's tar can't put back are left out.
    public convenience init(
        from first: TreeListing, _ selection: EntrySelection = .all, _ properties: RestorableProperties = .all
    ) {
        self.init(first.table, EntryFilter(selection: selection), properties)
    }

    /// - Parameter keys: only entries with these keys, as ``ModelDigest/differences(from:)`` gives them.
    public convenience init(from first: TreeListing, keys: Set<UInt128>, _ properties: RestorableProperties) {
        self.init(first.table, EntryFilter(keys: keys), properties)
    }

    private init(_ first: EntryTable, _ filter: EntryFilter, _ properties: RestorableProperties) {
        (self.first, self.filter, self.properties) = (first, filter, properties)
        isShared = Array(repeating: false, count: first.rows.count)
    }

    /// Whether the second tree has an entry of this path.
    public func contains(_ path: EntryPath) -> Bool {
        let key = ModelDigest.key(path)
        return others[key] != nil || first.places[key].map { isShared[$0] } ?? false
    }

    /// Nothing to do before the digest is known.
    public func begin(_ entry: TarEntry) throws(ArchiveError) {}

    /// Content is not needed: its digest comes at the end.
    public func content(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(ArchiveError) {}

    /// Compares the entry with the first tree's.
    public func end(_ entry: TarEntry, digest: SHA256Digest?) throws(ArchiveError) {
        let key = ModelDigest.key(entry.path)
        guard filter.includes(entry, key: key) else { return }
        holes.note(entry)
        let file = entry.hardlinkTarget.flatMap { shown(ModelDigest.key($0)) }
        let row = file ?? EntryRow(entry, digest)
        if let place = first.places[key] {
            isShared[place] = true
            if first.rows[place] == row { return }
        }
        others.add(row, entry.path, key: key)
    }

    /// An entry of the second tree.
    private func shown(_ key: UInt128) -> EntryRow? {
        others[key] ?? first.places[key].flatMap { isShared[$0] ? first.rows[$0] : nil }
    }

    /// What turns the first tree into the second, in the order of the paths' bytes.
    ///
    /// - Throws: `CancellationError`.
    public func changes() throws -> [TreeChange] {
        var changes: [TreeChange] = []
        for (key, place) in others.places {
            if place % 4096 == 0 { try Task.checkCancellation() }
            let path = others.path(at: place)
            guard let old = first[key] else {
                changes.append(TreeChange(kind: .added, path: path, properties: []))
                continue
            }
            let properties = differing(old, others.rows[place])
            if !properties.isEmpty { changes.append(TreeChange(kind: .changed, path: path, properties: properties)) }
        }
        for place in first.rows.indices where !isShared[place] {
            if place % 4096 == 0 { try Task.checkCancellation() }
            changes.append(TreeChange(kind: .removed, path: first.path(at: place), properties: []))
        }
        changes.sort { $0.path.bytes.lexicographicallyPrecedes($1.path.bytes) }
        return changes
    }

    private func differing(_ old: EntryRow, _ new: EntryRow) -> [String] {
        guard old.type == new.type else { return ["type"] }
        var names: [String] = []
        if old.size != new.size || old.content != new.content {
            switch old.type {
            case .symlink: names.append("target")
            case .characterDevice, .blockDevice: names.append("device")
            default: names.append("content")
            }
        }
        let isLink = old.type == .symlink
        if !isLink, old.mode != new.mode { names.append("mode") }
        if !isLink || properties.linkMetadata {
            if old.uid != new.uid || old.gid != new.gid { names.append("owner") }
            let isLater =
                properties.nanoseconds
                ? old.modified != new.modified : old.modified.seconds != new.modified.seconds
            if isLater { names.append("time") }
        }
        if properties.attributes, old.attributes != new.attributes { names.append("attributes") }
        return names
    }
}
