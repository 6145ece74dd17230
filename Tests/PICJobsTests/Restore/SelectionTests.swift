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
            let decisions = try Pruning.run(cell, policy: RetentionPolicy(keepLast: 1), dryRun: false)
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
}
