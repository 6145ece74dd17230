public import Archive

/// Re-reads everything of a snapshot: its authentication, every archive to the last byte, every copied file.
public struct SnapshotCheck: Sendable {
    /// Sets a check up.
    public init() {}

    /// One sentence for each thing that is damaged; empty when all is as recorded.
    ///
    /// - Throws: `CancellationError`; `ArchiveError` `.notFound` where the snapshot was removed meanwhile, `.system` where
    ///   too few files may be open. What can't be read is a finding.
    public func check(_ snapshot: StoredSnapshot, observer: any RunObserver) async throws -> [String] {
        let findings = try await findings(snapshot, observer)
        if !findings.isEmpty, try snapshot.isRemoved { throw snapshot.removed }
        return findings
    }

    private func findings(_ snapshot: StoredSnapshot, _ observer: any RunObserver) async throws -> [String] {
        var findings: [String] = []
        switch snapshot.authenticity {
        case .authentic: break
        case .wrong: findings.append("snapshot.json was changed after it was written (wrong HMAC)")
        case .missingKey: findings.append("snapshot.json cannot be authenticated: this cell has no snapshot key")
        case .foreignKey(let id): findings.append("snapshot.json was signed with another key (\(id))")
        }
        for service in snapshot.document.services {
            for archive in service.archives where archive.file != nil {
                try Task.checkCancellation()
                let place = VolumePlace(
                    service: service.id, name: archive.name, container: archive.container, path: archive.path)
                if let finding = try await check(place, archive, snapshot, observer) { findings.append(finding) }
                if let finding = try checkIndex(place, archive, snapshot) { findings.append(finding) }
            }
        }
        return try findings + copies(snapshot)
    }

    private func copies(_ snapshot: StoredSnapshot) throws -> [String] {
        do throws(ArchiveError) {
            return try SnapshotFiles.verify(snapshot.document.files, in: try snapshot.directory).map(\.message)
        } catch {
            guard !error.isShortage else { throw error }
            return [error.message]
        }
    }

    /// The index is advisory, so nothing is lost with it; but it is recorded, and a medium that changes it is not sound.
    private func checkIndex(
        _ place: VolumePlace, _ archive: SnapshotArchive, _ snapshot: StoredSnapshot
    ) throws -> String? {
        do throws(ArchiveError) {
            let digest = try SnapshotFiles.digest(ArchivePlaces(place).index, in: try snapshot.directory)
            return digest == archive.indexSHA256 ? nil : "index of \(place): its SHA-256 is not the one recorded"
        } catch {
            guard !error.isShortage else { throw error }
            return "index of \(place): \(error.message)"
        }
    }

    private func check(
        _ place: VolumePlace, _ archive: SnapshotArchive, _ snapshot: StoredSnapshot, _ observer: any RunObserver
    ) async throws -> String? {
        let progress = TransferProgress()
        observer.began("verify", volume: place, progress: progress, expected: archive.rawSize)
        defer { observer.ended(volume: place) }
        do {
            let source = try ArchiveSource(snapshot, place, acceptIncomplete: true)
            try await withTaskCancellationHandler {
                try await blocking { try source.verify(progress) }
            } onCancel: {
                progress.cancel()
            }
            return nil
        } catch let error as ArchiveError where error.code == .cancelled {
            throw CancellationError()
        } catch {
            if error.isShortage { throw error }
            return "archive of \(place): \(error)"
        }
    }
}
