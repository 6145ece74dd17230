public import Archive
internal import Containers
internal import Registry
internal import SystemPackage

/// Restores volumes into their running containers, and config_paths beside them.
///
/// The caller holds the cell's lock.
public struct RestoreRun: Sendable {
    private let session: RunSession
    private let options: RestoreOptions
    private let selection: SnapshotSelection

    /// Finds what is to be restored; nothing is read or written yet.
    public init(_ session: RunSession, _ options: RestoreOptions) throws {
        self.session = session
        self.options = options
        selection = try SnapshotSelection(
            try session.cell.store(), key: try session.cell.key(), options)
    }

    /// The snapshot that was named.
    public var snapshot: StoredSnapshot { selection.snapshot }

    /// Safety snapshot first, then volume by volume; one volume's failure does not stop the others.
    public func run() async throws -> RestoreReport {
        var report = RestoreReport()
        report.notes = selection.notes
        let choices = try selection.choices()
        report.notes += choices.compactMap(\.note)
        let registry = try ServiceRegistry(loading: session.cell.layout)
        for choice in choices { try SnapshotSelection.checkInstalled(choice.place, registry) }
        for choice in choices { try await Self.checkOwn(choice.place, options, session.cell, session.runtime) }
        let sources = try choices.map {
            try ArchiveSource($0.snapshot, $0.place, acceptIncomplete: options.acceptIncomplete)
        }
        // Nothing may change, not even by a safety snapshot, before every archive was read whole.
        var checks: [ArchiveSource.Checked] = []
        for (choice, source) in zip(choices, sources) {
            try session.record.begin(RunStep(.check, choice.place, snapshot: source.snapshot))
            checks.append(try await source.check(.all, paths: options.paths.isEmpty ? nil : options.paths))
        }
        if !options.withoutSafety { report.safety = try await safetySnapshot(choices) }
        do {
            for ((choice, source), checked) in zip(zip(choices, sources), checks) {
                try Task.checkCancellation()
                let outcome = await restore(choice.place, source, checked, safety: report.safety)
                report.volumes.append(outcome)
                if Task.isCancelled, let error = outcome.error, !(error is CancellationError) {
                    session.observer.note("\(choice.place): \(error)")
                }
                // A cancelled volume has undone itself; the rest is not begun.
                try Task.checkCancellation()
            }
            if options.config { try restoreConfig(&report) }
        } catch {
            // Whatever ended it: what was replaced is held open by processes.
            for line in try await restartContainers() { session.observer.note(line) }
            throw error
        }
        report.unfinished = try await restartContainers()
        return report
    }

    /// The store itself, the keys and the journals are not replaced by what a snapshot has in their place.
    static func checkOwn(
        _ place: VolumePlace, _ options: RestoreOptions, _ cell: Cell, _ runtime: any ContainerRuntime
    ) async throws {
        guard let container = Containers.ContainerName(place.container) else { return }
        for own in try await OwnPlaces(cell).inside(place, container, runtime) {
            let path = EntryPath(text: own.path.isEmpty ? "." : own.path)
            let isTouched =
                options.paths.isEmpty || path == nil
                || options.paths.contains { wanted in path.map { $0.isWithin(wanted) || wanted.isWithin($0) } ?? true }
            guard isTouched else { continue }
            throw RunError(
                .refused,
                "\(place): \(place.path) in \(place.container) holds \(own.name), which the restore would replace; move it, "
                    + "name other paths with --path, or restore with --to DIR")
        }
    }

    private func restore(
        _ place: VolumePlace, _ source: ArchiveSource, _ checked: ArchiveSource.Checked, safety: String?
    ) async -> VolumeOutcome {
        let entries = source.archive.entries ?? 0
        do {
            let volume = try await VolumeStream(
                place, session.runtime, stallTimeout: session.cell.config.stallTimeout)
            if let reason = session.unsettled[place], !options.paths.isEmpty || !options.withoutSafety {
                throw RunError(.failed, reason)
            }
            let warnings = try await VolumeRestore(
                session: session, volume: volume, source: source,
                paths: options.paths.isEmpty ? nil : options.paths, safety: safety,
                restarts: !options.withoutRestart
            ).run(checked: checked)
            try Recovery(session).forget(place)
            return VolumeOutcome(
                place: place, snapshot: source.snapshot, entries: entries, error: nil, warnings: warnings)
        } catch {
            return VolumeOutcome(place: place, snapshot: source.snapshot, entries: entries, error: error, warnings: [])
        }
    }

    /// What is there now, kept apart from the regular snapshots.
    ///
    /// - Throws: when it would not be a way back.
    private func safetySnapshot(_ choices: [SnapshotSelection.Choice]) async throws -> String? {
        var paths: [String: [String]] = [:]
        if options.config {
            for part in selection.parts { paths[part.service.id] = existingPaths(part.service) }
        }
        guard !choices.isEmpty || paths.values.contains(where: { !$0.isEmpty }) else { return nil }
        let report = try await BackupRun(session, kind: .safety).run(volumes: choices.map(\.place), configPaths: paths)
        let faults = report.unusable
        guard faults.isEmpty, let document = report.document else {
            throw RunError(
                .failed,
                "nothing was restored: the safety snapshot of what is there failed (\(faults.joined(separator: "; "))); "
                    + "repair that, or restore with --no-safety-snapshot")
        }
        return document.id.description
    }

    private func existingPaths(_ service: SnapshotService) -> [String] {
        service.configPaths.filter { $0.error == nil }.map(\.path).filter { path in
            guard let path = try? RelativePath(escaped: path) else { return false }
            return ((try? session.cell.root.status(path)) ?? nil) != nil
        }
    }

    private func restoreConfig(_ report: inout RestoreReport) throws {
        for (snapshot, paths) in try selection.configPaths() {
            try session.record.begin(RunStep(.files, snapshot: snapshot.id.description))
            let outcome = try TreeRestore(
                snapshot.document.files, from: snapshot.directory, below: "project", to: session.cell.root, paths: paths
            ).run(removingExtra: true)
            report.files += outcome.restored.map(\.description)
            report.notes += outcome.warnings
        }
    }

    /// Processes hold the old files open: only a restart makes them see the new ones. Returns a sentence for each
    /// container that could not be restarted.
    private func restartContainers() async throws -> [String] {
        let session = session
        return try await uncancelled {
            try await Recovery(session).restart(try session.record.journal(), of: session.record.id)
        }
    }
}

/// Hands an object from the thread that made it to the one that waited for it.
struct UncheckedTransfer<Value>: @unchecked Sendable {
    // Invariant behind @unchecked: the maker keeps no reference.
    let value: Value

    init(_ value: Value) { self.value = value }
}
