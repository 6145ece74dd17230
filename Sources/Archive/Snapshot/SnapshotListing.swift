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
    ///
    /// Throws where a file can't be looked at: that it is gone is only said of one that is.
    public func retentionCandidates() throws(ArchiveError) -> [Retention.Candidate] {
        var candidates: [Retention.Candidate] = []
        for snapshot in snapshots {
            let trusted = snapshot.authenticity != .wrong
            do throws(ArchiveError) {
                let directory = try snapshot.directory
                candidates.append(
                    Retention.Candidate(
                        id: snapshot.id, kind: snapshot.document.kind,
                        okVolumes: trusted ? try Self.present([.ok], of: snapshot.document, in: directory) : [],
                        warningVolumes: trusted
                            ? try Self.present([.warnings], of: snapshot.document, in: directory) : []))
            } catch {
                guard error.code == .notFound, try snapshot.isRemoved else { throw error }
            }
        }
        return candidates
    }

    private static func present(
        _ verdicts: Set<SnapshotArchive.Verdict>, of document: SnapshotDocument, in directory: Directory
    ) throws(ArchiveError) -> Set<SnapshotVolume> {
        var present: Set<SnapshotVolume> = []
        for volume in document.volumes(verdicts) {
            guard let archive = document.archive(volume), let file = archive.file else { continue }
            let status: FileStatus?
            do throws(ArchiveError) {
                status = try directory.status(try RelativePath(escaped: file))
            } catch {
                // A name that is none, or something else in place of a directory above the file.
                guard error.code == .refused else { throw error }
                continue
            }
            if status?.kind == .file, status?.size == archive.size { present.insert(volume) }
        }
        return present
    }
}
