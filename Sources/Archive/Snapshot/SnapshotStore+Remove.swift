internal import Glibc
internal import SystemPackage

extension SnapshotStore {
    /// Deletes a complete snapshot: moves `latest` off it, renames it to `.deleting-<id>`, then removes that.
    ///
    /// Throws `.notFound` where there is none.
    public func delete(_ id: SnapshotID) throws(ArchiveError) {
        guard try directory.status(id.path) != nil else {
            throw ArchiveError(.notFound, "there is no snapshot \(id) in \(directory.path): see picjobs snapshots list")
        }
        if try linked() == id { try repairLatest(leaving: id) }
        let doomed = RelativePath(checked: [Array("\(Self.deletingPrefix)\(id)".utf8)])
        try directory.removeTree(doomed)
        try directory.rename(id.path, to: doomed, replacing: false)
        try directory.sync()
        try directory.removeTree(doomed)
        try directory.sync()
    }

    /// Removes what killed runs left: incomplete snapshots, half-made links; returns the names, escaped.
    ///
    /// A directory that a living run has locked stays (see ``IncompleteSnapshot``).
    public func removeIncomplete() throws(ArchiveError) -> [String] {
        var removed: [String] = []
        for entry in try directory.list() {
            if entry.name.starts(with: IncompleteSnapshot.prefix.utf8) {
                if entry.kind == .directory, try !directory.isAbandoned(entry.path) { continue }
            } else if !entry.name.starts(with: Self.latestPrefix.utf8) {
                continue
            }
            if try directory.removeTree(entry.path) { removed.append(EscapedName.encode(entry.name)) }
        }
        if !removed.isEmpty { try directory.sync() }
        return removed
    }

    /// Finishes deletions that were interrupted; returns the names, escaped.
    public func finishDeletions() throws(ArchiveError) -> [String] {
        var removed: [String] = []
        for entry in try directory.list() where entry.name.starts(with: Self.deletingPrefix.utf8) {
            if try directory.removeTree(entry.path) { removed.append(EscapedName.encode(entry.name)) }
        }
        if !removed.isEmpty { try directory.sync() }
        return removed
    }

    /// Brings the store in order after a kill: leftovers removed, deletions finished, `latest` at the newest complete
    /// snapshot that is no safety snapshot; returns the names of what was removed.
    public func cleanUp() throws(ArchiveError) -> [String] {
        let removed = try finishDeletions() + removeIncomplete()
        try repairLatest(leaving: nil)
        return removed
    }

    /// Points `latest` at the newest complete snapshot other than `leaving`, or removes it where there is none. While one
    /// can't be read for a reason that is not its own, the link stays as it is.
    private func repairLatest(leaving: SnapshotID?) throws(ArchiveError) {
        let newest: SnapshotID?
        do throws(ArchiveError) {
            newest = try newestRegular(except: leaving)
        } catch {
            guard leaving == nil else { throw error }
            return
        }
        if try linked() == newest { return }
        if let newest {
            try pointLatest(to: newest)
        } else if try directory.status(Self.latest)?.kind == .symlink {
            try directory.remove(Self.latest)
            try directory.sync()
        }
    }

    /// The newest complete snapshot that is no safety snapshot; one whose document is damaged is passed over.
    ///
    /// Throws where one can't be read for a reason that is not its own, such as a failing medium.
    func newestRegular(except leaving: SnapshotID? = nil) throws(ArchiveError) -> SnapshotID? {
        for id in try ids().reversed() where id != leaving {
            do throws(ArchiveError) {
                if try open(id, key: nil).document.kind != .safety { return id }
            } catch {
                guard [.damaged, .refused, .notFound].contains(error.code), !error.isShortage else { throw error }
            }
        }
        return nil
    }

    /// What the link says, whether or not that exists.
    func linked() throws(ArchiveError) -> SnapshotID? {
        guard try directory.status(Self.latest)?.kind == .symlink else { return nil }
        do throws(ArchiveError) {
            return Self.id(try directory.readLink(Self.latest))
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
    }
}
