import FoundationEssentials
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import Archive
@testable import Runs

@Suite("Restoring config_paths with volumes")
struct ConfigRestoreTests {
    private func with(_ body: (RestoreCell, String) async throws -> Void) async throws {
        try await TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            try await cell.fill()
            try await body(cell, cell.cell.path + "/config/notes")
        }
    }

    private func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

    // What could not be saved was deleted, exit 0, and the report named a snapshot that did not have it.
    @Test("An outward link in a config_path makes the backup partial, and a restore neither removes nor follows it")
    func outwardLink() async throws {
        try await with { cell, config in
            #expect(symlink("../../data/elsewhere", config + "/live") == 0)
            let report = try await cell.perform(.backup) { session in
                try await BackupRun(session, kind: .manual).run()
            }
            #expect(report.verdict == .partial)
            #expect(report.notes.contains { $0.contains("config/notes/live is a symbolic link") })
            try cell.cell.write("config/notes/service.conf", "changed")
            try cell.cell.write("config/notes/new.conf", "new")
            let restored = try await cell.restore { $0.config = true }
            #expect(restored.safety != nil && restored.unfinished == [])
            #expect(text(config + "/service.conf") == "port = 8080\n")
            #expect(text(config + "/new.conf") == nil)
            var status = stat()
            #expect(lstat(config + "/live", &status) == 0)
            #expect(restored.notes.contains { $0.contains("live stays") })
        }
    }

    @Test("Links inside a config_path, as certbot makes them, are saved and come back; a socket is a warning")
    func insideLink() async throws {
        try await with { cell, config in
            try cell.cell.write("config/notes/archive/x/key1.pem", "key")
            try cell.cell.write("config/notes/live/x/README", "read")
            #expect(symlink("../../archive/x/key1.pem", config + "/live/x/key.pem") == 0)
            #expect(mknod(config + "/control", S_IFSOCK | 0o600, 0) == 0)
            let report = try await cell.perform(.backup) { session in
                try await BackupRun(session, kind: .manual).run()
            }
            #expect(report.verdict == .warnings && report.document?.format == 2)
            #expect(report.services.first?.configPaths.first?.leftOut?.map(\.kind) == [.special])
            try FileManager.default.removeItem(atPath: config + "/live")
            _ = try await cell.restore { $0.config = true }
            #expect(text(config + "/live/x/key.pem") == "key")
        }
    }

    @Test("A safety snapshot that can't save a config_path stops the restore before anything is changed", .realRoot)
    func safety() async throws {
        try await with { cell, config in
            try await cell.backUp()
            let before = try await cell.listing()
            try FileManager.default.removeItem(atPath: config)
            #expect(symlink("../data", config) == 0)
            let error = await #expect(throws: (any Error).self) { try await cell.restore { $0.config = true } }
            #expect("\(try #require(error))".contains("config/notes"))
            #expect(try await cell.listing() == before)
        }
    }

    @Test("A damaged copy is found before the volumes are replaced")
    func damagedCopy() async throws {
        try await with { cell, _ in
            let id = try await cell.backUp()
            try await cell.sh("printf changed > d/two")
            try cell.cell.write("data/backups/\(id)/project/config/notes/service.conf", "port = 6666\n")
            let error = await #expect(throws: ArchiveError.self) { try await cell.restore { $0.config = true } }
            #expect(error?.code == .damaged)
            #expect(try await cell.sh("cat d/two") == "changed")
            #expect(try cell.cell.snapshots().count == 1)
        }
    }

    @Test("A config_path that is not there any more is no obstacle")
    func absent() async throws {
        try await with { cell, config in
            try await cell.backUp()
            try FileManager.default.removeItem(atPath: config)
            let report = try await cell.restore { $0.config = true }
            #expect(report.unfinished == [] && text(config + "/service.conf") == "port = 8080\n")
        }
    }
}

@Suite("A whole cell from a medium that nobody vouches for")
struct UntrustedRebuildTests {
    private func rebuild(_ from: RestoreCell, _ directory: FilePath) async throws -> (RestoreReport, String) {
        let path = directory.appending("fresh").string
        let root = try Directory(openingOrCreating: FilePath(path), mode: 0o755)
        var options = RestoreOptions(snapshot: "latest")
        options.config = true
        options.acceptUnauthenticated = true
        let medium = from.cell.path + "/data/backups"
        let report = try await CellRebuild(
            cell: path, root: root, store: try SnapshotStore(existing: FilePath(medium)), key: nil, backupRoot: medium,
            options: options
        ).run(observer: SilentObserver(), exitCode: { _ in 1 })
        return (report, path)
    }

    @Test(
        "is restored, but no volume of it while its configuration says more than is harmless",
        arguments: [
            ("", true), ("stall_timeout: 100\n", true), ("store:\n  index: https://evil.example/index.json\n", false),
            ("caddy:\n  admin: http://10.0.0.1:2019\n", false), ("docker: /tmp/evil\n", false),
            ("backup_root: /srv/other\n", false), ("network:\n  name: other\n", false), ("keys", false),
            ("docker-runtime", false),
        ])
    func keys(_ more: String, _ isRestored: Bool) async throws {
        try await TemporaryDirectory.with { directory in
            let cell = try RestoreCell(directory.appending("old"))
            try await cell.backUp()
            let harmless = "runtime: local\ncontainers:\n  cell-notes: data/containers/cell-notes\n"
            let config =
                switch more {
                case "keys": "runtime: local\ncontainers:\n  cell-notes: data/keys\n"
                case "docker-runtime": "runtime: docker\n"
                default: harmless + more
                }
            // As an attacker who has the medium and no key would write it.
            let id = try #require(try cell.cell.snapshots().last)
            try cell.cell.write("data/backups/\(id)/cell/config/picjobs.yml", config)
            let store = try cell.cell.open().store()
            let snapshot = try store.open(id, key: try cell.cell.open().key())
            var document = snapshot.document
            document.files = document.files.map { file in
                guard file.path == "cell/config/picjobs.yml" else { return file }
                var file = file
                file.size = UInt64(config.utf8.count)
                file.sha256 = SHA256.hash(Array(config.utf8))
                return file
            }
            let key = try #require(try cell.cell.open().key())
            try snapshot.directory.writeAtomically("snapshot.json", try document.sealed(with: key), mode: 0o600)
            let (report, path) = try await rebuild(cell, directory)
            let volume = path + "/data/containers/cell-notes/data/notes/first.md"
            #expect(FileManager.default.fileExists(atPath: volume) == isRestored)
            #expect(report.unfinished.isEmpty == isRestored, "\(report.unfinished)")
            if !isRestored { #expect(report.unfinished.first?.contains("read it, correct it") == true) }
            #expect(report.notes.contains { $0.contains("data/services/notes/manifest.json") })
            #expect(!FileManager.default.fileExists(atPath: path + "/data/keys/data"))
        }
    }

    @Test("A link in place of a directory on the medium is not followed")
    func link() async throws {
        try await TemporaryDirectory.with { directory in
            let cell = try RestoreCell(directory.appending("old"))
            let id = try await cell.backUp()
            let place = cell.cell.path + "/data/backups/\(id)/service_data"
            try FileManager.default.moveItem(atPath: place, toPath: directory.string + "/elsewhere")
            #expect(symlink(directory.string + "/elsewhere", place) == 0)
            await #expect(throws: (any Error).self) { try await cell.restore() }
            await #expect(throws: (any Error).self) { try await rebuild(cell, directory) }
        }
    }
}
