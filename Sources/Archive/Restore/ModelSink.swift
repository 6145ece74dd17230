/// Collects the model of what is selected: the tree that must stand there after a restore.
public final class ModelSink: HoleNotingSink {
    /// The tree.
    public private(set) var model: ModelDigest
    /// The archived directory's own entry.
    public private(set) var root: TarEntry?
    /// Selected paths as they were met.
    public private(set) var found: Set<EntryPath> = []
    /// How many entries are wanted for their own sake, not as directories above others.
    public private(set) var named: UInt64 = 0
    /// Entries that need more than whole seconds or that have attributes.
    public private(set) var demanding: UInt64 = 0
    /// What of the selected files is holes.
    public private(set) var holes = Holes()
    /// Two trees are compared, whatever of them is stored as holes.
    public var digestForm: DigestForm { .comparable }
    private let selection: EntrySelection
    private let wanted: Set<EntryPath>

    /// - Parameter paths: nil for every entry.
    public init(_ properties: RestorableProperties, paths: [EntryPath]?) {
        model = ModelDigest(properties)
        selection = EntrySelection(paths: paths)
        wanted = Set(paths ?? [])
    }

    /// Checks that links stay within what is selected.
    public func begin(_ entry: TarEntry) throws(ArchiveError) {
        if selection.includes(entry) { try selection.checkLink(entry) }
    }

    /// Content is not needed: its digest comes at the end.
    public func content(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(ArchiveError) {}

    /// Adds the entry.
    public func end(_ entry: TarEntry, digest: SHA256Digest?) throws(ArchiveError) {
        if entry.path.isRoot { root = entry }
        guard selection.includes(entry) else { return }
        if wanted.contains(entry.path) { found.insert(entry.path) }
        if selection.names(entry.path) { named += 1 }
        if entry.modified.nanoseconds != 0 || !entry.xattrs.isEmpty || entry.accessACL != nil { demanding += 1 }
        holes.note(entry)
        model.add(entry, digest: digest)
    }
}
