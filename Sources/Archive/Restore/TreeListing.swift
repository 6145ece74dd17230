/// What there is to say about one path of a tree, as far as a comparison shows it.
public struct EntryFacts: Sendable, Equatable {
    /// What it is; a hard link counts as the file it names.
    public var type: EntryType
    /// Permission bits.
    public var mode: UInt32
    /// Numeric owner and group.
    public var uid: UInt32
    /// Numeric group.
    public var gid: UInt32
    /// Bytes.
    public var size: UInt64
    /// Time of the last change.
    public var modified: Timestamp
    /// Digest of a file's content in the form that compares.
    public var digest: SHA256Digest?
    /// A symbolic link's target.
    public var target: [UInt8]
    /// A hard link's file.
    public var link: EntryPath?
    /// Extended attributes and ACLs, in a form of its own; empty where there are none.
    public var attributes: [UInt8]
    /// A device's numbers.
    public var device: UInt64
}

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

/// A tree by path, for `snapshots diff` and `restore --dry-run`.
public final class TreeListing: HoleNotingSink {
    /// Path → facts; memory grows with the number of entries.
    public private(set) var entries: [EntryPath: EntryFacts] = [:]
    /// Two trees are compared, whatever of them is stored as holes.
    public var digestForm: DigestForm { .comparable }
    /// What of the listed files is holes.
    public private(set) var holes = Holes()
    private let selection: EntrySelection
    private let keys: Set<UInt128>?

    /// - Parameter selection: other entries are left out.
    public init(_ selection: EntrySelection = .all) {
        self.selection = selection
        keys = nil
    }

    /// - Parameter keys: only entries with these keys, as ``ModelDigest/differences(from:)`` gives them.
    public init(keys: Set<UInt128>) {
        selection = .all
        self.keys = keys
    }

    /// Nothing to do before the digest is known.
    public func begin(_ entry: TarEntry) throws(ArchiveError) {}

    /// Content is not needed: its digest comes at the end.
    public func content(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(ArchiveError) {}

    /// Adds the entry.
    public func end(_ entry: TarEntry, digest: SHA256Digest?) throws(ArchiveError) {
        guard selection.includes(entry), keys.map({ $0.contains(ModelDigest.key(entry.path)) }) ?? true else { return }
        holes.note(entry)
        entries[entry.path] = EntryFacts(
            type: entry.type, mode: entry.mode, uid: entry.uid, gid: entry.gid, size: entry.size,
            modified: entry.modified, digest: digest, target: entry.linkTarget, link: entry.hardlinkTarget,
            attributes: Self.isPlain(entry) ? [] : ModelDigest.attributes(entry, xattrs: true),
            device: UInt64(entry.device.packed))
    }

    private static func isPlain(_ entry: TarEntry) -> Bool {
        entry.xattrs.isEmpty && entry.accessACL == nil && entry.defaultACL == nil
    }

    /// What turns this tree into the other, in the order of the paths' bytes.
    ///
    /// - Parameter properties: differences that a container's tar can't put back are left out.
    public func changes(to other: TreeListing, _ properties: RestorableProperties = .all) -> [TreeChange] {
        var changes: [TreeChange] = []
        for (path, old) in entries {
            guard let new = other.entries[path] else {
                changes.append(TreeChange(kind: .removed, path: path, properties: []))
                continue
            }
            let differing = Self.differing(resolved(old), other.resolved(new), properties)
            if !differing.isEmpty { changes.append(TreeChange(kind: .changed, path: path, properties: differing)) }
        }
        for path in other.entries.keys where entries[path] == nil {
            changes.append(TreeChange(kind: .added, path: path, properties: []))
        }
        return changes.sorted { $0.path.bytes.lexicographicallyPrecedes($1.path.bytes) }
    }

    /// A hard link with the facts of its file: which of the names comes first is chance.
    private func resolved(_ facts: EntryFacts) -> EntryFacts {
        var file = facts
        var steps = 0
        while let link = file.link, let next = entries[link], steps < 64 {
            file = next
            steps += 1
        }
        return file
    }

    private static func differing(
        _ old: EntryFacts, _ new: EntryFacts, _ properties: RestorableProperties
    ) -> [String] {
        guard old.type == new.type else { return ["type"] }
        var names: [String] = []
        if old.size != new.size || old.digest != new.digest { names.append("content") }
        if old.target != new.target { names.append("target") }
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
        if old.device != new.device { names.append("device") }
        return names
    }
}
