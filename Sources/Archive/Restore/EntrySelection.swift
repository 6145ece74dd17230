/// Which entries of an archive are wanted: all, or those at and below some paths with the directories above them.
public struct EntrySelection: Sendable {
    private let paths: Set<EntryPath>?
    /// The directories above one of the paths.
    private let above: Set<EntryPath>

    /// Every entry.
    public static let all = EntrySelection(paths: nil)

    /// - Parameter paths: nil for every entry.
    public init(paths: [EntryPath]?) {
        self.paths = paths.map { Set($0) }
        var above: Set<EntryPath> = []
        for path in paths ?? [] {
            var parent = path.parent
            while let directory = parent, above.insert(directory).inserted { parent = directory.parent }
        }
        self.above = above
    }

    /// Whether an entry is wanted.
    public func includes(_ entry: TarEntry) -> Bool {
        names(entry.path) || (entry.type == .directory && above.contains(entry.path))
    }

    /// Whether an entry is wanted for its own sake, not as a directory above another.
    public func names(_ path: EntryPath) -> Bool {
        guard let paths else { return true }
        // As many looks as the path has components, however many paths are wanted.
        var next: EntryPath? = path
        while let each = next {
            if paths.contains(each) { return true }
            next = each.parent
        }
        return false
    }

    /// Insists that a hard link's file is wanted too.
    ///
    /// - Throws: `.refused` that names the path to add.
    func checkLink(_ entry: TarEntry) throws(ArchiveError) {
        guard let target = entry.hardlinkTarget, !names(target) else { return }
        throw ArchiveError(
            .refused,
            "\"\(entry.path)\" is a hard link to \"\(target)\": name that path too, or restore the whole volume")
    }
}
