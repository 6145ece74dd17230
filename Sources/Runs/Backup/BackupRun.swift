public import Archive
internal import Registry

/// What a backup did, for whoever asked for it.
public struct BackupReport: Sendable {
    /// What was published; nil where nothing was worth it.
    public let document: SnapshotDocument?
    /// Every service that was to be backed up, in order of id.
    public let services: [SnapshotService]
    /// The whole run's verdict.
    public let verdict: SnapshotDocument.Verdict
    /// What recovery of earlier runs had to say.
    public let notes: [String]

    /// What could not be brought back from it, each with the reason: archives and config_paths.
    ///
    /// A link that leads out of its config_path is not among them: a restore leaves it where it is.
    var unusable: [String] {
        var faults: [String] = []
        for service in services {
            if let error = service.error { faults.append("\(service.id): \(error)") }
            for archive in service.archives where !archive.isUsable {
                faults.append("\(service.id)/\(archive.name): \(archive.error ?? archive.verdict.rawValue)")
            }
            for path in service.configPaths {
                if let error = path.error { faults.append("\(service.id): \(error)") }
                for missing in path.leftOut ?? [] where missing.kind == .unreadable {
                    faults.append("\(service.id): \(missing.reason)")
                }
            }
        }
        return faults
    }

    /// 0 for ok and warnings, 3 for partial, 1 for failed.
    public var exitCode: Int32 {
        switch verdict {
        case .ok, .warnings: 0
        case .partial: 3
        case .failed: 1
        }
    }
}

/// Backs a cell up: every volume of every service, its config_paths, and what rebuilds the cell, as one snapshot.
///
/// The caller holds the cell's lock.
public struct BackupRun: Sendable {
    private let session: RunSession
    let kind: SnapshotDocument.Kind

    /// Sets a run up; nothing is done yet.
    public init(_ session: RunSession, kind: SnapshotDocument.Kind) {
        self.session = session
        self.kind = kind
    }

    private var cell: Cell { session.cell }
    private var record: RunRecord { session.record }
    private var observer: any RunObserver { session.observer }

    /// Backs up all installed services, or the named ones.
    ///
    /// - Throws: `CancellationError`; ``RunError`` or `ArchiveError` when the snapshot as a whole can't be written.
    ///   One service's failure is in the report.
    public func run(services names: [String] = []) async throws -> BackupReport {
        var plan = try ServiceRegistry(loading: cell.layout).backupPlan()
        if !names.isEmpty { plan = try plan.only(names) }
        let volumes = plan.services.map { service in
            PlannedService(
                id: service.service.rawValue,
                volumes: service.volumes.map { VolumePlace(service.service.rawValue, $0) },
                configPaths: service.configPaths.map(\.rawValue))
        }
        let faults = plan.faults.map { fault in
            SnapshotService(id: fault.service, verdict: .failed, error: fault.reason, archives: [], configPaths: [])
        }
        return try await run(volumes, faults: faults, withCell: true)
    }

    /// Backs up exactly these volumes: what a restore keeps of what it replaces.
    func run(volumes: [VolumePlace], configPaths: [String: [String]]) async throws -> BackupReport {
        let services = Set(volumes.map(\.service)).union(configPaths.keys).sorted().map { id in
            PlannedService(
                id: id, volumes: volumes.filter { $0.service == id }, configPaths: configPaths[id] ?? [])
        }
        return try await run(services, faults: [], withCell: false)
    }

    private struct PlannedService: Sendable {
        let id: String
        let volumes: [VolumePlace]
        let configPaths: [String]
    }

    private func run(
        _ planned: [PlannedService], faults: [SnapshotService], withCell: Bool
    ) async throws -> BackupReport {
        let store = try cell.store()
        let key = try SnapshotKeyFile(cell: cell.root).loadOrCreate()
        let earlier = try store.list(key: key)
        try checkSpace(store, earlier, planned)
        let started = Timestamp.now
        let snapshot = try store.begin(SnapshotID(started))
        do {
            var copies = CellCopies(cell, snapshot, store)
            var services = faults
            let watch = ContainerWatch(session.runtime, limit: cell.config.containerWait, observer: observer)
            try await watch.begin(planned.flatMap(\.volumes).map(\.container))
            for service in planned {
                services.append(try await backUp(service, snapshot, earlier, watch, &copies))
            }
            services.sort { $0.id < $1.id }
            try record.begin(RunStep(.copy, snapshot: snapshot.id.description))
            let cellFaults = withCell ? try copies.copyCellState() : []
            var notes = copies.warnings + cellFaults + session.unclear.map(\.note)
            if services.isEmpty, withCell {
                guard !copies.files.isEmpty else {
                    throw RunError(
                        .configuration,
                        "\(cell.layout.root) has neither services nor anything of a cell: name the cell with --cell or "
                            + "PIC_CELL")
                }
                notes.append(
                    "no service is installed below \(cell.layout.root)/data/services: only the cell's state was saved")
            }
            var verdict = Self.verdict(services, hasCellFaults: !cellFaults.isEmpty)
            if verdict == .ok, !session.unclear.isEmpty { verdict = .warnings }
            guard Self.isWorthKeeping(services, withCell: withCell) else {
                try store.discard(snapshot)
                return BackupReport(document: nil, services: services, verdict: .failed, notes: cellFaults)
            }
            var document = SnapshotDocument(
                id: snapshot.id, kind: kind, run: record.id.text, started: started, finished: .now,
                tool: .init(version: picjobsVersion), cell: Self.identity(cell), verdict: verdict,
                services: services, files: copies.files)
            try record.begin(RunStep(.publish, snapshot: snapshot.id.description))
            try Task.checkCancellation()
            document = try store.publish(snapshot, document, key: key)
            return BackupReport(
                document: document, services: services, verdict: verdict, notes: notes)
        } catch {
            do { try store.discard(snapshot) } catch let failure {
                observer.warn("\(snapshot.directory.path) is left: \(failure); the next run removes it")
            }
            throw error
        }
    }

    private func backUp(
        _ service: PlannedService, _ snapshot: IncompleteSnapshot, _ earlier: SnapshotListing,
        _ watch: ContainerWatch, _ copies: inout CellCopies
    ) async throws -> SnapshotService {
        var archives: [SnapshotArchive] = []
        let backup = VolumeBackup(session: session, snapshot: snapshot, watch: watch)
        for place in service.volumes {
            try Task.checkCancellation()
            let last = earlier.newestArchive(of: SnapshotVolume(service: place.service, name: place.name))
            archives.append(try await backup.run(place, expected: last?.archive.rawSize))
        }
        let paths = try copies.copyConfigPaths(service.configPaths)
        let failures =
            archives.filter { $0.verdict == .failed || $0.verdict == .incomplete }.count
            + paths.filter { $0.error != nil }.count
        let leftOut = paths.flatMap { $0.leftOut ?? [] }
        let verdict: SnapshotDocument.Verdict =
            if failures == 0, leftOut.contains(where: \.isLoss) {
                .partial
            } else if failures == 0 {
                !leftOut.isEmpty || archives.contains { $0.verdict == .warnings } ? .warnings : .ok
            } else {
                failures == archives.count + paths.count && archives.allSatisfy { $0.verdict == .failed }
                    ? .failed : .partial
            }
        return SnapshotService(id: service.id, verdict: verdict, archives: archives, configPaths: paths)
    }

    private static func verdict(_ services: [SnapshotService], hasCellFaults: Bool) -> SnapshotDocument.Verdict {
        if !services.isEmpty, services.allSatisfy({ $0.verdict == .failed }) { return .failed }
        if hasCellFaults || services.contains(where: { $0.verdict == .failed || $0.verdict == .partial }) {
            return .partial
        }
        return services.contains { $0.verdict == .warnings } ? .warnings : .ok
    }

    /// A snapshot with neither an archive nor a copy would only look like one.
    private static func isWorthKeeping(_ services: [SnapshotService], withCell: Bool) -> Bool {
        services.isEmpty ? withCell : services.contains { $0.verdict != .failed }
    }

    private static func identity(_ cell: Cell) -> SnapshotDocument.Cell {
        .init(name: cell.settings.identity.cellName ?? "", domain: cell.settings.identity.domain ?? "")
    }

    /// The last archives' sizes are the best guess of what this run needs.
    private func checkSpace(
        _ store: SnapshotStore, _ earlier: SnapshotListing, _ services: [PlannedService]
    ) throws {
        let free = try store.freeSpace()
        let needed =
            ([1 << 20]
            + services.flatMap(\.volumes).map { place in
                let last = earlier.newestArchive(of: SnapshotVolume(service: place.service, name: place.name))
                // A guess from a record that is not ours could be any number.
                return last?.snapshot.authenticity == .authentic ? last?.archive.size ?? 0 : 0
            }).saturatingSum
        guard free >= needed else {
            throw RunError(
                .failed,
                "\(cell.backupRoot) has too little space: \(free) bytes are free, this backup needs about \(needed); remove old snapshots "
                    + "(picjobs snapshots prune) or set another backup_root")
        }
    }
}

extension VolumePlace {
    init(_ service: String, _ volume: BackupVolume) {
        self.init(
            service: service, name: volume.name.rawValue, container: volume.container.rawValue,
            path: volume.path.rawValue)
    }
}

extension BackupReport {
    /// For the run's record.
    public var ending: RunSession.Ending {
        let count = services.reduce(0) { $0 + $1.archives.count }
        let usable = services.reduce(0) { $0 + $1.archives.filter(\.isUsable).count }
        return RunSession.Ending(
            exitCode: exitCode, snapshot: document?.id.description,
            result:
                "\(verdict.rawValue): \(usable) of \(count) archives in \(document.map { "snapshot \($0.id)" } ?? "no snapshot")"
        )
    }
}
