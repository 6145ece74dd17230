public import Archive
internal import FoundationEssentials
internal import Registry
internal import SystemPackage

/// Rebuilds a whole cell from the backup root alone (`restore --everything`): its state and config_paths, then the
/// volumes of every container that runs.
public struct CellRebuild: Sendable {
    private let cell: String
    private let root: Directory
    private let store: SnapshotStore
    private let key: SnapshotKey?
    private let backupRoot: String
    private let options: RestoreOptions

    /// - Parameters:
    ///   - root: the new cell, empty but for an imported key.
    ///   - key: the imported key; nil restores only with `acceptUnauthenticated`.
    public init(
        cell: String, root: Directory, store: SnapshotStore, key: SnapshotKey?, backupRoot: String,
        options: RestoreOptions
    ) {
        self.cell = cell
        self.root = root
        self.store = store
        self.key = key
        self.backupRoot = backupRoot
        self.options = options
    }

    /// Restores all of it; a volume whose container does not run yet is reported and left for later.
    public func run(observer: any RunObserver, exitCode: (any Error) -> Int32) async throws -> RestoreReport {
        try requireEmpty()
        let selection = try SnapshotSelection(store, key: key, options)
        // Every byte is read before the first one is written.
        for choice in try selection.choices() {
            _ = try await ArchiveSource(
                choice.snapshot, choice.place, acceptIncomplete: options.acceptIncomplete
            ).check(.all, paths: nil)
        }
        let copies = try selection.configPaths()
        for snapshot in [selection.snapshot] + copies.map(\.snapshot) {
            if let first = try SnapshotFiles.verify(snapshot.document.files, in: snapshot.directory).first {
                throw RunError(.damaged, "snapshot \(snapshot.id): \(first.message); nothing was written")
            }
        }
        var report = RestoreReport()
        report.notes = selection.notes
        var trees = [
            try TreeRestore(
                selection.snapshot.document.files, from: selection.snapshot.directory, below: "cell", to: root)
        ]
        for copies in copies { trees.append(try copies.restoration(to: root)) }
        for tree in trees {
            let outcome = try tree.run()
            report.files += outcome.restored.map(\.description)
            report.notes += outcome.warnings
        }
        var isAuthentic = selection.isTrusted
        if !isAuthentic {
            do {
                report.notes += try signAnew(try [selection.snapshot] + selection.choices().map(\.snapshot))
                isAuthentic = true
            } catch {
                // A medium that can't be written stays as it is.
                report.notes.append("the snapshots were not signed anew: \(error)")
            }
        }
        let rebuilt = try Cell(path: cell, backupRoot: backupRoot)
        if !selection.isTrusted {
            // Whoever wrote the medium would choose which program runs, or where on this host the archives go.
            let acting = UntrustedCell.acting(report.files)
            if !acting.isEmpty {
                report.notes.append(
                    "nobody vouches for these, so read them before a command acts on them: "
                        + acting.prefix(50).joined(separator: ", "))
            }
            let reasons = UntrustedCell.reasons(rebuilt.config, volumes: try selection.choices().map(\.place))
            if !reasons.isEmpty {
                report.unfinished.append(
                    "no volume was restored: config/picjobs.yml comes from an unauthenticated snapshot, and "
                        + "\(reasons.joined(separator: "; ")); read it, correct it, then run: picjobs restore latest --all"
                )
                return report
            }
        }
        try makeLocalContainers(rebuilt, selection)
        var options = options
        options.withoutSafety = true
        options.config = false
        options.all = true
        options.acceptUnauthenticated = !isAuthentic
        let final = options
        let volumes = try await RunSession.perform(
            rebuilt, kind: .restore, observer: observer, exitCode: exitCode
        ) { session in
            let report = try await RestoreRun(session, final).run()
            return (report, report.ending(selection.snapshot.id))
        }
        report.volumes = volumes.volumes
        report.notes += volumes.notes.filter { !report.notes.contains($0) }
        report.unfinished = volumes.unfinished
        return report
    }

    /// What `key import` has made may be there already.
    private func requireEmpty() throws {
        for entry in try root.list() {
            if entry.name == Array("data".utf8) {
                let inside = try root.directory("data").list().map { String(decoding: $0.name, as: UTF8.self) }
                if inside.allSatisfy({ $0 == "keys" }) { continue }
            }
            throw RunError(
                .failed, "\(cell) is not empty (\(EscapedName.encode(entry.name))): --everything needs an empty cell")
        }
    }

    /// The recorded digests of what was restored were checked and accepted: from now on this cell's own key vouches for
    /// these snapshots. Others stay as they are.
    private func signAnew(_ snapshots: [StoredSnapshot]) throws -> [String] {
        let own = try SnapshotKeyFile(cell: root).loadOrCreate()
        var done: Set<SnapshotID> = []
        for snapshot in snapshots where !done.contains(snapshot.id) {
            try snapshot.directory.writeAtomically(
                "snapshot.json", try snapshot.document.sealed(with: own), mode: 0o600)
            done.insert(snapshot.id)
        }
        let names = done.sorted().map { "\($0)" }.joined(separator: ", ")
        return ["signed anew with this cell's key \(own.id): \(names)"]
    }

    /// Directories stand for containers where there is no Docker: they are made again.
    private func makeLocalContainers(_ cell: Cell, _ selection: SnapshotSelection) throws {
        guard cell.config.runtime == .local else { return }
        for choice in try selection.choices() {
            guard let place = cell.config.containers[choice.place.container],
                let directory = try? RelativePath(place + choice.place.path)
            else { continue }
            _ = try cell.root.createDirectories(directory, mode: 0o755)
        }
    }
}
