/// What a store holds: the snapshots that can be read, and those that can't.
public struct SnapshotListing: Sendable {
    /// A directory with a snapshot's name whose content can't be used.
    public struct Unreadable: Sendable {
        public let id: SnapshotID
        public let error: ArchiveError
    }

    /// The oldest first.
    public let snapshots: [StoredSnapshot]
    /// The oldest first.
    public let unreadable: [Unreadable]

    /// What a cell has that was never backed up.
    public static let empty = SnapshotListing(snapshots: [], unreadable: [])

    /// The newest usable archive of a volume, from ok and partial runs alike, never from a safety snapshot.
    ///
    /// Usable is ok, or ok with warnings unless `strictlyOK`. A snapshot whose authentication is wrong never counts.
    public func newestArchive(
        of volume: SnapshotVolume, strictlyOK: Bool = false
    ) -> (snapshot: StoredSnapshot, archive: SnapshotArchive)? {
        for snapshot in snapshots.reversed()
        where snapshot.document.kind != .safety && snapshot.authenticity != .wrong {
            guard let archive = snapshot.document.archive(volume) else { continue }
            if archive.verdict == .ok || (!strictlyOK && archive.isUsable) { return (snapshot, archive) }
        }
        return nil
    }

    /// The snapshots as ``Retention`` sees them.
    ///
    /// One whose authentication is wrong keeps its place but holds no ok archive, and an archive whose file is gone or
    /// has another size is none: else an older good one would be removed for its sake.
    public var retentionCandidates: [Retention.Candidate] {
        snapshots.map { snapshot in
            let trusted = snapshot.authenticity != .wrong
            return Retention.Candidate(
                id: snapshot.id, kind: snapshot.document.kind,
                okVolumes: trusted ? Self.present([.ok], in: snapshot) : [],
                warningVolumes: trusted ? Self.present([.warnings], in: snapshot) : [])
        }
    }

    private static func present(
        _ verdicts: Set<SnapshotArchive.Verdict>, in snapshot: StoredSnapshot
    ) -> Set<SnapshotVolume> {
        snapshot.document.volumes(verdicts).filter { volume in
            guard let archive = snapshot.document.archive(volume), let file = archive.file,
                let path = try? RelativePath(escaped: file), let status = try? snapshot.directory.status(path)
            else { return false }
            return status.kind == .file && status.size == archive.size
        }
    }
}
