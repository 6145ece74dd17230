internal import Archive
internal import Containers
internal import Glibc
internal import SystemPackage

/// Backs one volume up into an incomplete snapshot: stream, judge, decode again; torn streams are tried three times.
struct VolumeBackup: Sendable {
    let session: RunSession
    let snapshot: IncompleteSnapshot
    let watch: ContainerWatch

    private var cell: Cell { session.cell }
    private var record: RunRecord { session.record }
    private var observer: any RunObserver { session.observer }

    private static let attempts = 3

    /// The archive's record for `snapshot.json`; a failure is a verdict, not an error.
    ///
    /// - Throws: `CancellationError`, and errors of the backup root (a full disk), which end the whole run.
    func run(_ place: VolumePlace, expected: UInt64?) async throws -> SnapshotArchive {
        var archive = SnapshotArchive(
            name: place.name, container: place.container, path: place.path, verdict: .failed)
        archive.consistency = "running"
        if let reason = session.objection(to: place) {
            archive.error = reason
            return archive
        }
        let clock = ContinuousClock()
        let start = clock.now
        do {
            try await read(place, into: &archive, expected: expected)
        } catch let error as CancellationError {
            throw error
        } catch let error as ContainerError {
            archive.error = error.message
        } catch let error as RunError where error.code == .refused || error.code == .failed {
            archive.error = error.message
        }
        let elapsed = start.duration(to: clock.now)
        archive.durationSeconds =
            Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds / 1_000_000_000_000_000) / 1000
        return archive
    }

    /// Up to three attempts, each when the container runs.
    private func read(_ place: VolumePlace, into archive: inout SnapshotArchive, expected: UInt64?) async throws {
        guard let container = Containers.ContainerName(place.container) else {
            throw RunError(.refused, "\(place): \(place.container) is no container name")
        }
        let blank = archive
        for attempt in 1...Self.attempts {
            let away = try await watch.ready(container)
            if let away, attempt > 1 {
                archive.error = "\(archive.error ?? "the stream was torn"); then \(away)"
                return
            }
            try removeFiles(place)
            archive = blank
            var mayDoBetter: Bool
            do {
                mayDoBetter = try await take(place, into: &archive, expected: expected)
            } catch let error as ContainerError {
                archive.error = away ?? error.message
                if away != nil { return }
                mayDoBetter = false
            }
            // A container that stops tears its streams in many ways, and a moment before it counts as stopped.
            if archive.verdict == .failed || archive.verdict == .incomplete, !mayDoBetter {
                try await Task.sleep(for: .milliseconds(200))
                mayDoBetter = try await watch.isAway(container)
            }
            guard mayDoBetter, attempt < Self.attempts else { return }
            if attempt == 1 {
                observer.note(
                    "\(place): \(archive.error ?? "the stream was torn"); trying up to \(Self.attempts - 1) times more")
            }
            try await Task.sleep(for: .seconds(1))
        }
    }

    /// What a restore will meet is said on the day the archive is made.
    private func warn(of stream: VolumeStream, in archive: inout SnapshotArchive) async throws {
        var warnings: [String] = []
        if stream.dialect.flavour == .other {
            warnings.append(
                "the tar in \(archive.container) is not known: attributes and fractions of seconds may be missing")
        }
        let missing = try await stream.missingPrograms()
        if !missing.isEmpty {
            warnings.append(
                "this archive can't be restored into \(archive.container), because it has no "
                    + missing.joined(separator: ", no ") + "; restore --to DIR can")
        }
        guard !warnings.isEmpty else { return }
        archive.verdict = .warnings
        archive.warnings += warnings
    }

    /// One attempt; true when the stream ended too early and another may do better.
    private func take(
        _ place: VolumePlace, into archive: inout SnapshotArchive, expected: UInt64?
    ) async throws -> Bool {
        var stream = try await VolumeStream(place, session.runtime, stallTimeout: cell.config.stallTimeout)
        archive.image = stream.info.image
        archive.imageDigest = stream.info.imageDigest
        archive.tar = stream.dialect.name
        archive.resolvedPath = stream.resolvedPath
        archive.nestedMounts = try await stream.nestedMounts()
        let unknown = try await StageSearch(session: session).unknown(in: stream)
        let own = try await OwnPlaces(cell).inside(
            place, stream.container, session.runtime, resolved: stream.path)
        if let first = own.first(where: { $0.path.isEmpty || !stream.dialect.canExclude }) {
            throw RunError(
                .failed,
                "\(place.path) in \(place.container) holds \(first.name), which must not be in an archive"
                    + (first.path.isEmpty ? "" : " and which \(stream.dialect.name) can't leave out")
                    + "; move it, e.g. by another backup_root in config/picjobs.yml")
        }
        stream.leftOut = own.map(\.path)
        try record.begin(RunStep(.read, place, snapshot: snapshot.id.description))
        let isTorn = try await take(stream, into: &archive, expected: expected)
        if archive.isUsable, !own.isEmpty {
            archive.verdict = .warnings
            archive.warnings += own.map { "\($0.path) was left out: it is \($0.name)" }
        }
        if archive.isUsable { try await warn(of: stream, in: &archive) }
        if let unknown, archive.verdict != .failed {
            archive.verdict = .incomplete
            archive.error = archive.error.map { "\($0); and \(unknown)" } ?? unknown
        }
        return isTorn
    }

    /// Streams and judges; true when the stream ended too early.
    private func take(
        _ stream: VolumeStream, into archive: inout SnapshotArchive, expected: UInt64?
    ) async throws -> Bool {
        if let isTorn = try await take(stream, sparse: true, into: &archive, expected: expected) { return isTorn }
        // Files came as holes that hold data: all is read byte for byte.
        return try await take(stream, sparse: false, into: &archive, expected: expected) ?? false
    }

    /// - Returns: nil where it must be done again without `--sparse`.
    private func take(
        _ stream: VolumeStream, sparse: Bool, into archive: inout SnapshotArchive, expected: UInt64?
    ) async throws -> Bool? {
        let place = stream.place
        let files = ArchivePlaces(place)
        let output = try snapshot.createFile(files.archive)
        defer { close(output.rawValue) }
        let index = try snapshot.createFile(files.index)
        defer { close(index.rawValue) }
        let progress = TransferProgress()
        observer.began("backup", volume: place, progress: progress, expected: expected)
        defer { observer.ended(volume: place) }
        let intake = ArchiveIntake(
            stallTimeout: cell.config.stallTimeout, level: cell.config.compressionLevel, threads: processorCount)
        let reading: (value: ArchiveIntake.Outcome, result: ExecResult)
        do {
            reading = try await stream.read(sparse: sparse, progress: progress) { input in
                let outcome = try intake.run(
                    input: input, output: output, index: index, name: files.archive.description, progress: progress)
                // A hung tar must be ended by whoever started it.
                if case .stalled = outcome.end { throw Stalled() }
                return outcome
            }
        } catch is CancellationError {
            try await uncancelled { await stream.endLeftovers(of: record.id, observer) }
            throw CancellationError()
        } catch is Stalled {
            await stream.endLeftovers(of: record.id, observer)
            try removeFiles(place)
            archive.error =
                "no byte came from tar in \(place.container) for \(cell.config.stallTimeout) seconds; it was ended"
            return false
        } catch let error as RunError {
            await stream.endLeftovers(of: record.id, observer)
            try removeFiles(place)
            throw error
        }
        let verdict = BackupVerdict(reading.value, reading.result, stream.dialect.flavour)
        verdict.apply(to: &archive)
        if verdict.keeping == .archive, sparse {
            switch try await lookBehind(stream, reading.value.holes, archive.nestedMounts) {
            case .empty: break
            case .data(let reason):
                observer.note("\(place): \(reason); reading all of it without --sparse")
                try removeFiles(place)
                return nil
            case .unknown(let reason):
                archive.verdict = .incomplete
                archive.error = [archive.error, reason].compactMap { $0 }.joined(separator: "; ")
            }
        }
        switch verdict.keeping {
        case .nothing:
            try removeFiles(place)
        case .refused:
            try snapshot.directory.rename(files.archive, to: files.refused, replacing: false)
            try snapshot.directory.remove(files.index)
        case .archive:
            archive.file = files.archive.description
            try await decode(reading.value, files, &archive)
        }
        return verdict.isTorn
    }

    private func lookBehind(
        _ stream: VolumeStream, _ holes: Holes, _ mounts: [String]
    ) async throws -> HoleFinding {
        do {
            return try await stream.lookBehind(holes, mounts: mounts)
        } catch is CancellationError {
            try await uncancelled { await stream.endLeftovers(of: record.id, observer) }
            throw CancellationError()
        }
    }

    /// Reads the written file back: what was decoded must be what was taken in.
    private func decode(
        _ outcome: ArchiveIntake.Outcome, _ files: ArchivePlaces, _ archive: inout SnapshotArchive
    ) async throws {
        try record.begin(RunStep(.decode, snapshot: snapshot.id.description))
        let path = snapshot.directory.path + "/" + files.archive.description
        let progress = TransferProgress()
        let summary = try await withTaskCancellationHandler {
            try await blocking {
                try ArchiveFile(path: path).walk(
                    limits: .recorded(
                        entries: outcome.totals.entries, streamBytes: outcome.rawBytes,
                        contentBytes: outcome.totals.contentBytes), progress: progress)
            }
        } onCancel: {
            progress.cancel()
        }
        guard summary.digest == outcome.digest, summary.totals == outcome.totals,
            summary.rawBytes == outcome.rawBytes, summary.sequenceDigest == outcome.sequenceDigest
        else {
            archive.verdict = .failed
            archive.file = nil
            archive.error = "the archive reads back differently from what was written: check the disk and the memory"
            try snapshot.directory.remove(files.archive)
            try snapshot.directory.remove(files.index)
            return
        }
    }

    private func removeFiles(_ place: VolumePlace) throws {
        let files = ArchivePlaces(place)
        for path in [files.archive, files.index, files.refused] { _ = try snapshot.directory.remove(path) }
    }

    private struct Stalled: Error {}
}

/// Where a volume's files lie in a snapshot.
struct ArchivePlaces: Sendable {
    let archive: RelativePath
    let index: RelativePath
    let refused: RelativePath

    /// Service ids and archive names are checked text: they are always good path components.
    init(_ place: VolumePlace) {
        let directory: RelativePath = "service_data"
        let service = directory.appending(Array(place.service.utf8))
        archive = service.appending(Array("\(place.name).tar.gz".utf8))
        index = service.appending(Array("\(place.name).index".utf8))
        refused = service.appending(Array("\(place.name).tar.gz.refused".utf8))
    }
}

/// How many threads compress: one for each processor this process may use.
var processorCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
