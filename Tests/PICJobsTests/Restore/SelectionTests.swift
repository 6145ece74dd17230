import Archive
import FoundationEssentials
import SystemPackage
import TestSupport
import Testing

@testable import Runs

/// Which archives a restore takes, and what a dry run says.
@Suite struct SelectionTests {
    private func backUp(_ cell: Cell, _ services: [String] = []) async throws -> SnapshotID {
        let report = try await RunSession.perform(
            cell, kind: .backup, observer: SilentObserver(), exitCode: { _ in 1 }
        ) { session in
            let report = try await BackupRun(session, kind: .manual).run(services: services)
            return (report, report.ending)
        }
        return try #require(report.document).id
    }

    private func addCalendar(to made: JobCell) throws {
        try made.write(
            "data/services/calendar/manifest.json",
            String(contentsOfFile: JobCell.project + "/Tests/Fixtures/services/calendar/manifest.json", encoding: .utf8)
        )
        try made.write(
            "config/picjobs.yml",
            "runtime: local\ncontainers:\n  cell-notes: data/containers/cell-notes\n"
                + "  cell-radicale: data/containers/cell-radicale\n")
        try made.write("config/radicale/config", "[server]\n")
        try made.write("data/containers/cell-radicale/data/a.ics", "BEGIN:VCALENDAR\n")
    }

    @Test func latestHasEveryServiceAfterABackupOfOne() async throws {
        try await TemporaryDirectory.with { directory in
            let made = try JobCell(directory)
            try addCalendar(to: made)
            let cell = try made.open()
            let whole = try await backUp(cell)
            let part = try await backUp(cell, ["notes"])
            let selection = try SnapshotSelection(cell.store(), key: cell.key(), RestoreOptions(snapshot: "latest"))
            #expect(selection.snapshot.id == part)
            #expect(selection.parts.map(\.service.id) == ["calendar", "notes"])
            #expect(selection.parts.map(\.snapshot.id) == [whole, part])
            #expect(selection.isTrusted)
            let named = try SnapshotSelection(cell.store(), key: cell.key(), RestoreOptions(snapshot: "\(part)"))
            #expect(named.parts.map(\.service.id) == ["notes"])
            #expect(throws: RunError.self) {
                var options = RestoreOptions(snapshot: "latest")
                options.services = ["nobody"]
                _ = try SnapshotSelection(cell.store(), key: cell.key(), options)
            }
        }
    }

    @Test func aDryRunNamesConfigPathsAndAttributes() async throws {
        try await TemporaryDirectory.with { directory in
            let made = try JobCell(directory)
            let cell = try made.open()
            let file = made.path + "/data/containers/cell-notes/data/notes/first.md"
            try await Tool.run(["setfattr", "-n", "user.colour", "-v", "blue", file])
            _ = try await backUp(cell)
            var options = RestoreOptions(snapshot: "latest")
            options.config = true
            var plan = try await RestoreRun.changes(cell, options)
            #expect(plan.volumes.flatMap(\.changes).isEmpty && plan.files.isEmpty && plan.removed.isEmpty)
            try await Tool.run(["setfattr", "-n", "user.colour", "-v", "red", file])
            try made.write("config/notes/service.conf", "port = 1\n")
            try made.write("config/notes/new.conf", "")
            plan = try await RestoreRun.changes(cell, options)
            #expect(plan.volumes.flatMap(\.changes).map(\.properties) == [["attributes"]])
            #expect(plan.files == ["config/notes/service.conf"])
            #expect(plan.removed == ["config/notes/new.conf"])
        }
    }

    @Test func everyNameIsVerifiedAlsoWithoutADocument() async throws {
        try await TemporaryDirectory.with { directory in
            let made = try JobCell(directory)
            let cell = try made.open()
            let id = try await backUp(cell)
            try FileManager.default.removeItem(atPath: "\(made.path)/data/backups/\(id)/snapshot.json")
            #expect(try cell.store().ids().isEmpty)
            #expect(try cell.store().names() == ["\(id)"])
        }
    }

    @Test func anArchiveWithoutItsFileProtectsNothingFromPruning() async throws {
        try await TemporaryDirectory.with { directory in
            let made = try JobCell(directory)
            let cell = try made.open()
            let (good, broken) = (try await backUp(cell), try await backUp(cell))
            let file = "\(made.path)/data/backups/\(broken)/service_data/notes/notes_data.tar.gz"
            try Data([1, 2, 3]).write(to: URL(filePath: file))
            let decisions = try Pruning.run(cell, policy: RetentionPolicy(keepLast: 1), dryRun: false).decisions
            #expect(decisions.filter(\.isKept).map(\.id) == [good, broken])
        }
    }

    @Test func aDirectoryThatIsNoCellIsNotBackedUpAsOne() async throws {
        try await TemporaryDirectory.with { directory in
            let cell = try Cell(path: directory.string)
            await #expect(throws: RunError.self) { _ = try await backUp(cell) }
            #expect(try cell.store().names().isEmpty)
        }
    }

    private func cell(_ body: (RestoreCell) async throws -> Void) async throws {
        try await TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            try await cell.fill()
            try await cell.backUp()
            try await body(cell)
        }
    }

    private func planned(_ cell: RestoreCell, _ words: [String]) async throws -> [String] {
        var options = RestoreOptions(snapshot: "latest")
        options.words = words
        let plan = try await RestoreRun.changes(try cell.cell.open(), options)
        return plan.volumes.flatMap(\.changes).map { "\($0.kind.rawValue) \($0.path)" }
    }

    @Test("Replacing everything has to be asked for, and the error says what it would replace")
    func wantsWord() async throws {
        try await cell { cell in
            let error = await #expect(throws: RunError.self) { try await cell.restore { $0.all = false } }
            #expect(error?.code == .usage)
            #expect(error?.message.contains("notes/notes_data (cell-notes:/data/notes)") == true)
            #expect(error?.message.contains("--all") == true)
            for arguments in [["restore", "latest"], ["restore", "latest", "--no-safety-snapshot"]] {
                let outcome = try await Program.run(["--cell", cell.cell.path] + arguments)
                #expect(outcome.code == 64 && outcome.error.contains("--all"), "\(outcome.error)")
            }
            #expect(try await Program.run(["--cell", cell.cell.path, "restore", "latest", "--all"]).code == 0)
            let both = ["--cell", cell.cell.path, "restore", "latest", "--all", "--service", "notes"]
            #expect(try await Program.run(both).code == 64)
        }
    }

    @Test("A dry run lists what the restore does: the same places, no directory that is only on the way")
    func dryRunOfPaths() async throws {
        try await cell { cell in
            try await cell.sh("printf x > d/two; printf x > d/e/deep; : > d/e/new; touch d")
            #expect(try await planned(cell, ["d/two"]) == ["changed d/two"])
            #expect(try await planned(cell, ["d/e"]) == ["changed d/e", "changed d/e/deep", "removed d/e/new"])
            try await cell.sh("rm -rf d/e")
            #expect(try await planned(cell, ["d/e/deep"]) == ["added d/e", "added d/e/deep"])
            await #expect(throws: RunError.self) { try await planned(cell, ["d/nothing"]) }
        }
    }

    @Test(
        "A path may be absolute in the container or have wildcards; an exact name wins; one file counts as one entry",
        arguments: [
            (["/data/notes/d/two"], 1), (["d/t?o"], 1), (["**/deep"], 1), (["/data/notes//d/t*"], 1), (["d/[e]"], 2),
            (["*es", "d/two"], 2),
            (["star*"], 1), (["d/e/../two"], -64), (["/data/other/x"], -64), (["/data/notes"], -64), (["no*thing"], -1),
        ])
    func words(_ words: [String], _ entries: Int) async throws {
        try await TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            try await cell.fill()
            try await cell.sh(": > 'star*'; : > starfish")
            try await cell.backUp()
            if entries < 0 {
                let error = await #expect(throws: RunError.self) { try await cell.restore { $0.words = words } }
                #expect(error?.code == (entries == -64 ? .usage : .failed), "\(error?.message ?? "")")
                return
            }
            try await cell.sh("printf changed > d/two; printf changed > d/e/deep; rm holes; : > new; rm star*")
            let report = try await cell.restore { $0.words = words }
            #expect(report.volumes.map { $0.error.map { "\($0)" } } == [nil])
            #expect(report.volumes.map(\.entries) == [UInt64(entries)])
        }
    }

    @Test("A path too long to be moved alone, and {} in a container's path, are refused before anything is done")
    func longPaths() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            let name = String(repeating: "x", count: 200)
            let deep = Array(repeating: name, count: 20).joined(separator: "/")
            try await cell.sh("for i in $(seq 20); do mkdir \(name); cd \(name); done; : > file")
            try await cell.backUp()
            let before = try await cell.sh("ls -A")
            let error = await #expect(throws: RunError.self) { try await cell.restore { $0.words = [deep] } }
            #expect(error?.code == .refused && error?.message.contains("can be moved alone") == true)
            #expect(try await cell.sh("ls -A") == before)
            let whole = try await cell.restore { $0.words = [name] }
            #expect(whole.volumes.map { $0.error.map { "\($0)" } } == [nil])
        }
        try await TemporaryDirectory.with { path in
            let cell = try JobCell(path, "a{}b")
            _ = try await backUp(try cell.open())
            var options = RestoreOptions(snapshot: "latest")
            options.all = true
            let final = options
            let error = await #expect(throws: RunError.self) {
                try await RunSession.perform(
                    try cell.open(), kind: .restore, observer: SilentObserver(), exitCode: { _ in 1 }
                ) { session in
                    (try await RestoreRun(session, final).run(), RunSession.Ending(exitCode: 0, result: ""))
                }
            }
            #expect(error?.code == .refused)
        }
    }
}
