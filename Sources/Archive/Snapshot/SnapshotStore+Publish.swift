internal import SystemPackage

extension SnapshotStore {
    /// Starts a snapshot in `.incomplete-<id>`; where the id is taken, the next free second is.
    public func begin(_ wanted: SnapshotID) throws(ArchiveError) -> IncompleteSnapshot {
        var id = wanted
        while true {
            let path = RelativePath(checked: [Array("\(IncompleteSnapshot.prefix)\(id)".utf8)])
            if try directory.status(id.path) == nil {
                do throws(ArchiveError) {
                    let made = try directory.createDirectory(path, mode: 0o700)
                    let incomplete = try IncompleteSnapshot(id: id, directory: made, path: path)
                    // A clean-up of another run may have had it between the mkdir and the lock.
                    if try directory.status(path)?.inode == made.status().inode { return incomplete }
                } catch {
                    guard error.code == .exists else { throw error }
                }
            }
            guard id.next != id else { throw ArchiveError(.exists, "snapshot \(id) exists: the clock is at its end") }
            id = id.next
        }
    }

    /// Makes the snapshot complete: writes `snapshot.json`, flushes everything, gives it its name, moves `latest`.
    ///
    /// The document's id becomes the one that was free at the rename; the document that was written is returned. After
    /// an error nothing is listed, and the incomplete directory is still there for ``discard(_:)``; only an error of
    /// `latest` itself comes after the rename and says so.
    public func publish(
        _ incomplete: IncompleteSnapshot, _ document: SnapshotDocument, key: SnapshotKey
    ) throws(ArchiveError) -> SnapshotDocument {
        var document = document
        document.id = incomplete.id
        try incomplete.directory.syncTree()
        while true {
            try incomplete.directory.writeAtomically(
                Self.document, try document.sealed(with: key), mode: 0o600)
            do throws(ArchiveError) {
                try directory.rename(incomplete.path, to: document.id.path, replacing: false)
                break
            } catch {
                guard error.code == .exists, document.id.next != document.id else { throw error }
                document.id = document.id.next
            }
        }
        do throws(ArchiveError) {
            try directory.sync()
            if document.kind != .safety { try pointLatest(to: document.id) }
        } catch {
            throw ArchiveError(
                error.code, "snapshot \(document.id) is complete, but: \(error.message)", underlying: error)
        }
        return document
    }

    /// Removes a snapshot that will not be finished.
    public func discard(_ incomplete: IncompleteSnapshot) throws(ArchiveError) {
        try directory.removeTree(incomplete.path)
        try directory.sync()
    }

    /// Replaces the `latest` link in one step.
    func pointLatest(to id: SnapshotID) throws(ArchiveError) {
        let suffix = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        let temporary = RelativePath(checked: [Array("\(Self.latestPrefix)\(suffix)".utf8)])
        try directory.createLink(temporary, to: Array(id.description.utf8))
        do throws(ArchiveError) {
            try directory.rename(temporary, to: Self.latest, replacing: true)
        } catch {
            try directory.remove(temporary)
            throw error
        }
        try directory.sync()
    }
}
