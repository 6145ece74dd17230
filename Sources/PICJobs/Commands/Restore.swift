import Archive
import ArgumentParser
import Runs
import SystemPackage

struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put volumes back, into their running containers or onto the host.",
        discussion: """
            Into the running containers by default; afterwards each volume is equal to the snapshot, and what was there \
            before is in a safety snapshot. Exit codes: 0 restored and equal, 1 failed, 3 some volumes failed, 4 a \
            recorded file is gone or damaged, 64 usage, 65 the snapshot or an archive is refused, 75 another run holds \
            the cell, 78 configuration, 130/143 cancelled.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "A snapshot's id, or latest: for each volume its newest ok archive.")
    var snapshot: String

    @Option(help: ArgumentHelp("Only this service; may be repeated.", valueName: "id"))
    var service: [String] = []

    @Option(help: ArgumentHelp("Only the volume of this archive name.", valueName: "name"))
    var volume: String?

    @Option(
        help: ArgumentHelp(
            "Only this path of the volume, with * ? [ ] **, or absolute in the container; may be repeated.",
            valueName: "p"))
    var path: [String] = []

    @Flag(help: "All volumes of the snapshot, which a restore into the containers wants to be told.") var all = false

    @Flag(help: "The config_paths, too.") var config = false
    @Flag(help: "Only say what would change.") var dryRun = false

    @Option(help: ArgumentHelp("Onto the host instead: a new or empty directory.", valueName: "dir"))
    var to: String?

    @Flag(help: "The whole cell, into an empty cell directory.") var everything = false
    @Flag(help: "Do not save what is there first.") var noSafetySnapshot = false
    @Flag(help: "Leave the containers running with their old open files; they may write over what is restored.")
    var noRestart = false
    @Flag(help: "Attributes that the volume's file system can't hold are a failure, not a warning.")
    var strictAttributes = false
    @Flag(help: "Without the cell's key: check the recorded digests only.") var acceptUnauthenticated = false
    @Flag(help: "Use an archive that its backup called incomplete.") var acceptIncomplete = false
    @Flag(help: "With --to: keep setuid, devices, fifos and outward links.") var asRecorded = false

    @Option(help: ArgumentHelp("Where the snapshots lie, if not in the cell's backup_root.", valueName: "dir"))
    var backupRoot: String?

    func validate() throws {
        if everything, to != nil || !service.isEmpty || volume != nil || !path.isEmpty || dryRun {
            throw ValidationError("--everything goes with no other selection")
        }
        if to != nil, dryRun {
            throw ValidationError("--dry-run goes with a restore into the containers, not with --to")
        }
        if asRecorded, to == nil { throw ValidationError("--as-recorded goes with --to") }
        if all, !service.isEmpty || volume != nil || !path.isEmpty || everything {
            throw ValidationError("--all goes with no other selection")
        }
        for text in path where EntryPath(text: String(text.drop { $0 == "/" })).map(\.isRoot) ?? true {
            throw ValidationError("--path \(text) is no path below the volume")
        }
    }

    mutating func run() async throws {
        var options = RestoreOptions(snapshot: snapshot)
        options.services = service
        options.volume = volume
        options.words = path
        options.all = all || config
        options.config = config || everything
        options.withoutSafety = noSafetySnapshot
        options.withoutRestart = noRestart
        options.strictAttributes = strictAttributes
        options.acceptUnauthenticated = acceptUnauthenticated
        options.acceptIncomplete = acceptIncomplete
        options.asRecorded = asRecorded
        if everything {
            try await restoreEverything(options)
        } else if let to {
            let cell = try OpenStore(global, backupRoot: backupRoot)
            let report = try await HostRestore(store: cell.store, key: cell.key, options).extract(
                to: to, observer: global.observer())
            try RestoreView(report).show(global)
        } else if dryRun {
            try await showChanges(options)
        } else {
            let cell = try global.openCell(backupRoot: backupRoot)
            try RestoreView(try await restoreVolumes(cell, options)).show(global)
        }
    }

    private func restoreVolumes(_ cell: Cell, _ options: RestoreOptions) async throws -> RestoreReport {
        try await RunSession.perform(
            cell, kind: .restore, observer: global.observer(), exitCode: ExitStatus.code
        ) { session in
            let run = try RestoreRun(session, options)
            let report = try await run.run()
            return (report, report.ending(run.snapshot.id))
        }
    }

    private func showChanges(_ options: RestoreOptions) async throws {
        let cell = try global.openCell(backupRoot: backupRoot)
        try PlannedRestoreView(try await RestoreRun.changes(cell, options)).show(global)
    }

    /// State and config_paths first, then the volumes of whatever container runs.
    private func restoreEverything(_ options: RestoreOptions) async throws {
        let root = try Directory(openingOrCreating: FilePath(global.cellPath), mode: 0o755)
        guard let backupRoot else {
            throw ValidationError(
                "--everything needs --backup-root DIR: the empty cell does not know where snapshots lie")
        }
        let store = try SnapshotStore(existing: FilePath(backupRoot))
        let key = try SnapshotKeyFile(cell: root).load()
        var report = try await CellRebuild(
            cell: global.cellPath, root: root, store: store, key: key, backupRoot: backupRoot, options: options
        ).run(observer: global.observer(), exitCode: ExitStatus.code)
        report.notes.append(
            "the cell is in \(global.cellPath); its key is \(try SnapshotKeyFile(cell: root).load()?.id ?? "none")")
        try RestoreView(report).show(global)
    }
}
