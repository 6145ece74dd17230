import FoundationEssentials
import SystemPackage
import TestSupport
import Testing

@testable import Archive
@testable import Runs

@Suite("What a backup finds in a volume")
struct VolumeBackupTests {
    private func archive(_ cell: RestoreCell) async throws -> SnapshotArchive {
        let report = try await cell.perform(.backup) { session in
            try await BackupRun(session, kind: .manual).run()
        }
        return try #require(report.services.first?.archives.first)
    }

    private func names(_ cell: RestoreCell, _ archive: SnapshotArchive) async throws -> String {
        let store = try cell.cell.open().store()
        let latest = try #require(try store.latest())
        return try await Tool.run(["tar", "-tzf", "\(store.directory.path)/\(latest)/\(try #require(archive.file))"])
    }

    // The volume was saved as ok and empty, all of it being in the directory that the backup leaves out.
    @Test("A staging directory that no record knows makes the archive incomplete, and is named with a remedy")
    func unknownStage() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            try await cell.sh("mkdir -p .picjobs-20261123T023000Z-3e7a9c/old; mv first.md .picjobs-2*/old")
            let found = try await archive(cell)
            #expect(found.verdict == .incomplete)
            #expect(found.error?.contains("/data/notes/.picjobs-20261123T023000Z-3e7a9c") == true)
            #expect(found.error?.contains("jobs settle") == true)
            #expect(!(try await names(cell, found)).contains("picjobs"))
            // Names that only look like it are the service's own.
            try await cell.sh("rm -rf .picjobs-2*; mkdir .picjobs-mine; : > .picjobs-20261123T023000Z-3e7a9c")
            #expect(try await archive(cell).verdict == .ok)
        }
    }

    @Test("One whose run settled the volume is rubbish, and no word is lost about it")
    func settledStage() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            let run = try await cell.perform(.restore) { session in
                try session.record.begin(RunStep(.sweep, RestoreCell.place, stage: "x"))
                try session.record.begin(RunStep(.settled, RestoreCell.place))
                return session.record.id
            }
            try await cell.sh("mkdir -p .picjobs-\(run)/old; : > .picjobs-\(run)/old/rubbish")
            let found = try await archive(cell)
            #expect(found.verdict == .ok)
            #expect(!(try await names(cell, found)).contains("rubbish"))
        }
    }

    // It doubled every night, and a restore removed the newest snapshots with the safety snapshot it had just named.
    @Test("The cell's own store, keys and records in a volume are left out and named, and never replaced")
    func ownPlaces() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            try cell.cell.write(
                "config/picjobs.yml",
                "runtime: local\nbackup_root: data/containers/cell-notes/data/notes/own/store\n"
                    + "containers:\n  cell-notes: data/containers/cell-notes\n")
            try await cell.sh("mkdir -p own/store2; : > own/store2/x; ln -s own link")
            for _ in 0..<2 {
                let found = try await archive(cell)
                #expect(found.verdict == .warnings)
                #expect(found.warnings.contains { $0.hasPrefix("own/store was left out: it is the backup root /") })
                let list = try await names(cell, found)
                #expect(list.contains("./own/store2/x") && !list.contains("own/store/"))
                try await Task.sleep(for: .milliseconds(1100))
            }
            let before = try await cell.sh("find . | sort")
            for paths in [[], ["own"], ["own/store/latest"]] {
                let error = await #expect(throws: RunError.self) {
                    try await cell.restore { $0.paths = paths.compactMap { EntryPath(text: $0) } }
                }
                #expect(error?.code == .refused)
                #expect(error?.message.contains("holds the backup root") == true)
            }
            #expect(try await cell.sh("find . | sort") == before)
            let report = try await cell.restore {
                $0.paths = ["first.md", "own/store2"].compactMap { EntryPath(text: $0) }
            }
            #expect(report.volumes.map { $0.error.map { "\($0)" } } == [nil])
        }
    }

    @Test("A volume that is the cell's own data directory has neither its keys nor its records in the archive")
    func wholeData() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            // The container's /data is the cell's.
            let manifest = try String(
                contentsOfFile: cell.cell.path + "/data/services/notes/manifest.json", encoding: .utf8)
            try cell.cell.write(
                "data/services/notes/manifest.json",
                manifest.replacing("\"path\": \"/data/notes\"", with: "\"path\": \"/data\""))
            try cell.cell.write("config/picjobs.yml", "runtime: local\ncontainers:\n  cell-notes: .\n")
            let found = try await archive(cell)
            #expect(found.verdict == .warnings, "\(found.error ?? "")")
            let list = try await names(cell, found)
            #expect(list.contains("./services/notes/manifest.json"))
            #expect(!list.contains("keys") && !list.contains("runs/") && !list.contains("backups"))
        }
    }
}
