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
        try selection.requireWord(for: choices)
        report.notes += choices.compactMap(\.note)
        let registry = try ServiceRegistry(loading: session.cell.layout)
        for choice in choices { try SnapshotSelection.checkInstalled(choice.place, registry) }
        for part in options.config ? selection.parts : [] {
            if let reason = session.unclear.objection(toService: part.service.id) { throw RunError(.failed, reason) }
        }
        let sources = try choices.map {
            try ArchiveSource($0.snapshot, $0.place, acceptIncomplete: options.acceptIncomplete)
        }
        var paths: [EntryPath]?
        if options.isPartial { paths = try await sources.first?.paths(options) }
        for choice in choices { try await Self.checkOwn(choice.place, paths, session.cell, session.runtime) }
        // Nothing may change, not even by a safety snapshot, before every archive and every copy was read whole.
        for copies in options.config ? try selection.configPaths() : [] {
            _ = try copies.restoration(to: session.cell.root).plan()
        }
        var checks: [ArchiveSource.Checked] = []
        for (choice, source) in zip(choices, sources) {
            try session.record.begin(RunStep(.check, choice.place, snapshot: source.snapshot))
            checks.append(try await source.check(.all, paths: paths))
        }
        let workplaces = Workplaces(session) { step in try session.record.begin(step) }
        do {
            try await restore(choices.map(\.place), sources, checks, paths, workplaces, &report)
            if options.config { try restoreConfig(&report, isAlone: choices.isEmpty) }
        } catch {
            for line in await workplaces.close() { session.observer.warn(line) }
            throw error
        }
        report.notes += await workplaces.notes
        report.notes += await workplaces.close()
        return report
    }

    /// The store itself, the keys and the journals are not replaced by what a snapshot has in their place.
    static func checkOwn(
        _ place: VolumePlace, _ paths: [EntryPath]?, _ cell: Cell, _ runtime: any ContainerRuntime
    ) async throws {
        guard let container = Containers.ContainerName(place.container) else { return }
        let directory = try runtime.path(place.path, in: container)
        guard !directory.contains("{}") else {
            throw RunError(
                .refused,
                "\(place): find in a container replaces the {} in \(directory) by other names; restore with --to DIR and "
                    + "move it yourself")
        }
        // What a swap calls it is longer than what it is: this may not fail in its middle.
        let longest = (paths ?? []).max { $0.bytes.count < $1.bytes.count }
        let room = 4095 - directory.utf8.count - "/\(TarDialect.stagePrefix)00000000T000000Z-000000/new/".utf8.count
        if let longest, longest.bytes.count > room {
            throw RunError(
                .refused,
                "\(place): \(longest.bytes.count) bytes of path are more than the \(max(0, room)) that can be moved alone below "
                    + "\(directory); name a directory above it, or restore with --to DIR")
        }
        for own in try await OwnPlaces(cell).inside(place, container, runtime) {
            let path = EntryPath(text: own.path.isEmpty ? "." : own.path)
            let isTouched =
                paths?.contains { wanted in path.map { $0.isWithin(wanted) || wanted.isWithin($0) } ?? true } ?? true
            guard isTouched else { continue }
            throw RunError(
                .refused,
                "\(place): \(place.path) in \(place.container) holds \(own.name), which the restore would replace; move it, "
                    + "name other paths with --path, or restore with --to DIR")
        }
    }

    /// The safety snapshot, and then service by service; one service's failure does not stop the others.
    private func restore(
        _ places: [VolumePlace], _ sources: [ArchiveSource], _ checks: [ArchiveSource.Checked],
        _ paths: [EntryPath]?, _ workplaces: Workplaces, _ report: inout RestoreReport
    ) async throws {
        var parts: [ServiceRestore.Part] = []
        for ((place, source), checked) in zip(zip(places, sources), checks) {
            // A container that can't be reached fails for its own volume, when its turn comes.
            let opening: Result<VolumeStream, any Error>
            do { opening = .success(try await workplaces.open(place)) } catch { opening = .failure(error) }
            try Task.checkCancellation()
            parts.append(ServiceRestore.Part(place: place, source: source, checked: checked, opening: opening))
        }
        if !options.withoutSafety {
            report.safety = try await safetySnapshot(places, through: await workplaces.redirected)
        }
        for service in Set(places.map(\.service)).sorted() {
            try Task.checkCancellation()
            let restore = ServiceRestore(
                session: session, options: options, paths: paths, safety: report.safety, workplaces: workplaces)
            try await restore.run(parts.filter { $0.place.service == service }, &report)
        }
    }

    /// What is there now, kept apart from the regular snapshots.
    ///
    /// - Throws: when it would not be a way back.
    private func safetySnapshot(
        _ places: [VolumePlace], through runtime: any ContainerRuntime
    ) async throws -> String? {
        var paths: [String: [String]] = [:]
        if options.config {
            for part in selection.parts {
                let saved = part.service.configPaths.filter { $0.error == nil }
                paths[part.service.id] = try session.cell.present(
                    try saved.map { try RelativePath(escaped: $0.path) })
            }
        }
        guard !places.isEmpty || paths.values.contains(where: { !$0.isEmpty }) else { return nil }
        let report = try await BackupRun(session.with(runtime), kind: .safety).run(volumes: places, configPaths: paths)
        let faults = report.unusable
        guard faults.isEmpty, let document = report.document else {
            throw RunError(
                .failed,
                "nothing was restored: the safety snapshot of what is there failed (\(faults.joined(separator: "; "))); "
                    + "repair that, or restore with --no-safety-snapshot")
        }
        return document.id.description
    }

    /// Volumes that were replaced stay so, whatever becomes of the config_paths: the report says both.
    ///
    /// - Parameter isAlone: nothing else was restored, so that a failure is the run's own.
    private func restoreConfig(_ report: inout RestoreReport, isAlone: Bool) throws {
        for copies in try selection.configPaths() {
            do {
                try session.record.begin(RunStep(.files, snapshot: copies.snapshot.id.description))
                let outcome = try copies.restoration(to: session.cell.root).run(removingExtra: true)
                report.files += outcome.restored.map(\.description)
                report.notes += outcome.warnings
            } catch let error where !isAlone && !(error is CancellationError) {
                report.unfinished.append(
                    "the config_paths of snapshot \(copies.snapshot.id) are not all back: \(error); repair that, then "
                        + "restore them with --config")
            }
        }
    }
}

/// Hands an object from the thread that made it to the one that waited for it.
struct UncheckedTransfer<Value>: @unchecked Sendable {
    // Invariant behind @unchecked: the maker keeps no reference.
    let value: Value

    init(_ value: Value) { self.value = value }
}
