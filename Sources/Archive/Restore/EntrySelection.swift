/// Which entries of an archive are wanted: all, or those at and below some paths with the directories above them.
public struct EntrySelection: Sendable {
    private let paths: [EntryPath]?

    /// Every entry.
    public static let all = EntrySelection(paths: nil)

    /// - Parameter paths: nil for every entry.
    public init(paths: [EntryPath]?) { self.paths = paths }

    /// Whether an entry is wanted.
    public func includes(_ entry: TarEntry) -> Bool {
        guard let paths else { return true }
        return paths.contains { entry.path.isWithin($0) || (entry.type == .directory && $0.isWithin(entry.path)) }
    }

    /// Whether an entry is wanted for its own sake, not as a directory above another.
    func isNamed(_ path: EntryPath) -> Bool { paths?.contains { path.isWithin($0) } ?? true }

    /// Insists that a hard link's file is wanted too.
    ///
    /// - Throws: `.refused` that names the path to add.
    func checkLink(_ entry: TarEntry) throws(ArchiveError) {
        guard let target = entry.hardlinkTarget, !isNamed(target) else { return }
        throw ArchiveError(
            .refused,
            "\"\(entry.path)\" is a hard link to \"\(target)\": name that path too, or restore the whole volume")
    }
}
