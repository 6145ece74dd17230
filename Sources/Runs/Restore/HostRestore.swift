public import Archive
internal import Glibc
internal import SystemPackage

/// Restores onto the host, into a new directory (`restore --to`).
public struct HostRestore: Sendable {
    private let options: RestoreOptions
    private let selection: SnapshotSelection

    /// Finds what is to be restored.
    public init(store: SnapshotStore, key: SnapshotKey?, _ options: RestoreOptions) throws {
        self.options = options
        selection = try SnapshotSelection(store, key: key, options)
    }

    /// The snapshot that was named.
    public var snapshot: StoredSnapshot { selection.snapshot }

    /// Extracts each archive into `<target>/<service>/<name>`, and with `config` the copies of config_paths into
    /// `<target>/project`.
    public func extract(to target: String, observer: any RunObserver) async throws -> RestoreReport {
        var report = RestoreReport()
        report.notes = selection.notes
        let choices = try selection.choices()
        if options.asRecorded, !selection.isTrusted {
            throw RunError(.refused, "--as-recorded is for authenticated snapshots only")
        }
        let sources = try choices.map {
            try ArchiveSource($0.snapshot, $0.place, acceptIncomplete: options.acceptIncomplete)
        }
        var paths: [EntryPath]?
        if options.isPartial { paths = try await sources.first?.paths(options) }
        // Nothing is written before every archive was read whole.
        var counts: [UInt64] = []
        for source in sources { counts.append(try await source.check(.all, paths: paths).named) }
        if options.config {
            for copies in try selection.configPaths() {
                let findings = try SnapshotFiles.verify(copies.snapshot.document.files, in: copies.snapshot.directory)
                if let first = findings.first {
                    throw RunError(.damaged, "snapshot \(copies.snapshot.id): \(first.message); nothing was written")
                }
            }
        }
        let root = try Self.newOrEmpty(target)
        for ((choice, source), count) in zip(zip(choices, sources), counts) {
            let service = try RelativePath(choice.place.service)
            _ = try root.createDirectories(service, mode: 0o755)
            let directory = "\(root.path)/\(choice.place.service)/\(choice.place.name)"
            report.volumes.append(await extract(choice.place, source, paths, count, to: directory, observer))
        }
        if options.config {
            let project = try root.createDirectory("project", mode: 0o755)
            for copies in try selection.configPaths() {
                let outcome = try copies.restoration(to: project).run()
                report.files += outcome.restored.map { "\(project.path)/\($0)" }
                report.notes += outcome.warnings
            }
        }
        return report
    }

    private func extract(
        _ place: VolumePlace, _ source: ArchiveSource, _ paths: [EntryPath]?, _ entries: UInt64, to directory: String,
        _ observer: any RunObserver
    ) async -> VolumeOutcome {
        let extractor = HostExtractor(
            limits: source.limits, rules: HostRules(asRecorded: options.asRecorded, owners: geteuid() == 0),
            selection: EntrySelection(paths: paths))
        let progress = TransferProgress()
        observer.began("extract", volume: place, progress: progress, expected: source.archive.rawSize)
        defer { observer.ended(volume: place) }
        do {
            let warnings = try await withTaskCancellationHandler {
                try await blocking { try source.extract(extractor, to: directory, progress: progress) }
            } onCancel: {
                progress.cancel()
            }
            return VolumeOutcome(
                place: place, snapshot: source.snapshot, entries: entries, error: nil, warnings: warnings,
                target: directory)
        } catch {
            return VolumeOutcome(
                place: place, snapshot: source.snapshot, entries: entries, error: Self.withRemedy(error), warnings: [],
                target: directory)
        }
    }

    /// What a volume may hold and the host does not get unasked has a way out.
    private static func withRemedy(_ error: any Error) -> any Error {
        guard let error = error as? ArchiveError, let rule = error.violation?.rule,
            [.hostFIFO, .hostDevice, .hostLinkOutside].contains(rule)
        else { return error }
        return ArchiveError(
            .refused, "\(error.message); --as-recorded restores it as it was, --path restores only a part",
            violation: error.violation)
    }

    private static func newOrEmpty(_ target: String) throws -> Directory {
        let directory = try Directory(openingOrCreating: FilePath(target), mode: 0o755)
        guard try directory.list().isEmpty else {
            throw RunError(.failed, "\(target) is not empty: name a new directory, nothing is replaced")
        }
        return directory
    }
}
