public import SystemPackage

/// Extracts an archive onto the host: a first pass that writes nothing, a second into a temporary directory, and one
/// rename that gives the result its name.
public struct HostExtractor: Sendable {
    /// What an archive may hold.
    public var limits: ArchiveLimits
    /// What may be made of it.
    public var rules: HostRules
    /// Which entries are wanted.
    public var selection: EntrySelection

    /// Sets an extraction up.
    public init(limits: ArchiveLimits, rules: HostRules, selection: EntrySelection = .all) {
        self.limits = limits
        self.rules = rules
        self.selection = selection
    }

    /// Extracts into a directory that is new or empty.
    ///
    /// - Parameter accept: looks at what the first pass found (a record to compare with); throws to refuse.
    /// - Returns: what the archive holds, and a sentence for whatever could not be restored.
    /// - Throws: `.refused` with nothing written; `.exists` for a target that holds something.
    public func extract(
        _ archive: ArchiveFile, to target: FilePath, progress: TransferProgress = TransferProgress(),
        accept: (ArchiveFile.Summary) throws(ArchiveError) -> Void = { _ throws(ArchiveError) in }
    ) throws(ArchiveError) -> (summary: ArchiveFile.Summary, warnings: [String]) {
        let (parent, name) = try Self.openParent(target)
        let place = RelativePath(checked: [name])
        try requireFree(parent, place)
        let forbidden = HostRulesSink(rules, selection)
        let summary = try archive.walk(limits: limits, sink: forbidden, progress: progress)
        try accept(summary)
        if let finding = forbidden.finding { throw finding }
        try Self.sweep(parent)
        let temporary = RelativePath(
            checked: [Array((Directory.temporaryPrefix + String(UInt64.random(in: 0...UInt64.max), radix: 36)).utf8)])
        let directory = try parent.createDirectory(temporary, mode: 0o700)
        do throws(ArchiveError) {
            // While this process lives, no other takes it for one that a kill left.
            try directory.claim()
            let writer = HostWriter(directory, rules, selection, progress)
            let second = try archive.walk(limits: limits, sink: writer, progress: progress)
            guard second == summary else {
                throw ArchiveError(.refused, "\(archive.path) changed while it was read; nothing was extracted")
            }
            try writer.finish()
            // A rename may outlive a power cut that the data of what it names do not.
            try directory.syncFileSystem()
            try requireFree(parent, place)
            try parent.rename(temporary, to: place, replacing: true)
            try parent.sync()
            return (summary, writer.warnings)
        } catch {
            try parent.removeTree(temporary)
            throw error
        }
    }

    /// Removes what a killed extraction left beside its target: no living one has locked it.
    private static func sweep(_ parent: Directory) throws(ArchiveError) {
        for entry in try parent.list() where entry.name.starts(with: Directory.temporaryPrefix.utf8) {
            if try parent.isAbandoned(entry.path, after: 60) { try parent.removeTree(entry.path) }
        }
    }

    private static func openParent(_ target: FilePath) throws(ArchiveError) -> (Directory, [UInt8]) {
        let plain = target.lexicallyNormalized()
        guard let last = plain.lastComponent, last.kind == .regular else {
            throw ArchiveError(.refused, "\(target) cannot be extracted into: name a new directory")
        }
        let parent = plain.removingLastComponent()
        return (try Directory(opening: parent.isEmpty ? "." : parent), Array(last.string.utf8))
    }

    private func requireFree(_ parent: Directory, _ place: RelativePath) throws(ArchiveError) {
        guard let status = try parent.status(place) else { return }
        if status.kind == .directory, try parent.directory(place).list(limit: 1_000_000).isEmpty { return }
        throw ArchiveError(
            .exists, "\(parent.path)/\(place) exists and is not an empty directory: name a new one, nothing is replaced"
        )
    }
}
