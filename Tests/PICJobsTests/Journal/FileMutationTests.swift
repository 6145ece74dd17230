import FoundationEssentials
import SystemPackage
import TestSupport
import Testing

@testable import Archive
@testable import Runs

/// What the program writes and reads again, and what a person writes for it, damaged: each file is read, or refused with
/// a reason; never a trap.
@Suite("Random damage of records, snapshots and configuration")
struct FileMutationTests {
    private func mutate(_ text: String, seed: UInt64, _ read: ([UInt8]) throws -> Void) throws {
        var mutator = Mutator(seed)
        let original = Array(text.utf8)
        for _ in 0..<Mutator.count(500) {
            let bytes = mutator.mutate(original)
            do { try read(bytes) } catch {
                #expect(error is RunError || error is ArchiveError || error is JournalLine.Fault, "\(error)")
            }
        }
    }

    @Test("config/picjobs.yml")
    func configuration() throws {
        let text = """
            runtime: local
            containers: {cell-notes: data/x}
            backup_root: /srv/backups
            stall_timeout: 5
            compression_level: 9
            keep_runs_days: 30
            network: {name: net, pool: 10.9.0.20-10.9.0.90, subnet: 10.9.0.0/24}
            gateway: {container: gate, address: 10.9.0.9, bridge_interface: eth1}
            service_namespaces: {cell-notes: /run/netns/n}
            egress: {resolvers: {default: 10.9.0.3, wireguard_ext: 10.64.0.1}}
            caddy: {tls: off, port: 8080, admin: "unix//run/caddy.sock"}
            store: {index: https://store.example/index.json}
            accounts: {docker-mailserver: {container: mail, add: [setup, email, add], password_lines: 2}}
            """
        try mutate(text, seed: 1) { _ = try RunnerConfig(parsing: $0, file: "config/picjobs.yml") }
    }

    @Test("A job file")
    func job() throws {
        let text = """
            kind: backup
            description: nightly
            schedule: "*-*-* 02:30:00"
            random_delay: 30m
            services: [notes, files]
            verify: published
            retention: {keep_last: 3, keep_daily: 7, keep_safety: 3}
            """
        let name = try #require(JobName("a"))
        try mutate(text, seed: 2) { _ = try JobDefinition(name, yaml: $0, file: "jobs/a.yml") }
    }

    @Test("A journal")
    func journal() throws {
        let lines = try KilledRecord.journals[3].1.flatMap { try JournalLine.bytes(of: $0) }
        let old =
            #"{"restart":true,"root":{"acls":["a","b"],"gid":0,"mode":493,"modified":[1,2],"uid":0},"step":"swap-in","time":"2026-01-01T00:00:00Z"}"#
        for (seed, text) in [String(decoding: lines, as: UTF8.self), old + "\n" + old + "\n"].enumerated() {
            try mutate(text, seed: UInt64(3 + seed)) { bytes in
                let journal = RunJournal(bytes)
                _ = (journal.steps.unsettled, journal.steps.unrestarted, journal.faults.map(\.description))
                _ = journal.steps.compactMap { $0.root?.entry }
            }
        }
    }

    @Test("run.json")
    func summary() throws {
        try TemporaryDirectory.with { path in
            let directory = try Directory(opening: path)
            try RunHistory.write(
                RunSummary(id: RunID(), kind: .backup, job: "a", started: .now, finished: .now, process: 7),
                to: directory)
            let text = String(decoding: try directory.readFile("run.json", limit: 1 << 20), as: UTF8.self)
            try mutate(text, seed: 5) { bytes in
                try Data(bytes).write(to: URL(filePath: path.appending("run.json").string))
                _ = try RunHistory.summary(directory)
            }
        }
    }

    @Test("snapshot.json, install.json and the snapshot key")
    func snapshot() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            try await cell.fill()
            let id = try await cell.backUp()
            let opened = try cell.cell.open()
            let store = try opened.store()
            let place = id.path.appending("snapshot.json")
            let text = String(decoding: try store.directory.readFile(place, limit: 1 << 24), as: UTF8.self)
            let file = URL(filePath: "\(cell.cell.path)/data/backups/\(place)")
            let key = try opened.key()
            try mutate(text, seed: 6) { bytes in
                try Data(bytes).write(to: file)
                let listing = try store.list(key: key)
                for snapshot in listing.snapshots {
                    _ = (snapshot.recordedSize, try listing.retentionCandidates())
                    _ = Retention.plan(try listing.retentionCandidates(), RetentionPolicy(keepLast: 1, keepDaily: 2))
                    _ = try SnapshotFiles.verify(snapshot.document.files, in: snapshot.directory)
                }
            }
            let record = #"""
                {"format": 1, "id": "notes", "version": "1.0.0", "origin": "x", "sha256": "00", "run": "x",
                 "installed": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z"}
                """#
            try mutate(record, seed: 7) { bytes in
                try cell.cell.write("data/services/notes/install.json", "")
                try Data(bytes).write(to: URL(filePath: "\(cell.cell.path)/data/services/notes/install.json"))
                _ = try InstallRecord(at: "data/services/notes", in: opened)
            }
            let secret = String(decoding: try opened.root.readFile(SnapshotKeyFile.place, limit: 4096), as: UTF8.self)
            try mutate(secret, seed: 8) { bytes in
                try opened.root.writeAtomically(SnapshotKeyFile.place, bytes, mode: 0o600)
                _ = try opened.key()
            }
        }
    }

    @Test("Accounts under way, the exits' history, the Caddyfile")
    func others() throws {
        try TemporaryDirectory.with { path in
            let made = try JobCell(path)
            let cell = try made.open()
            let pending = #"{"notes": {"alice": {"add": {"_0": {"password": "x"}}, "bob": {"remove": {}}}}}"#
            try mutate(pending, seed: 9) { bytes in
                try cell.root.writeAtomically("data/pending_accounts.json", bytes, mode: 0o600)
                _ = try AccountBook(cell)
            }
            try mutate(#"{"services": {"notes": {"exit": "tor", "since": "2026-01-01T00:00:00Z"}}}"#, seed: 10) {
                bytes in
                try cell.root.writeAtomically("data/egress.json", bytes, mode: 0o600)
                _ = try EgressHistory.read(cell)
            }
            try made.write("config/caddy/Caddyfile", "")
            try mutate("{\n  admin off\n}\nimport services.caddy\nhost { respond 1 }\n", seed: 11) { bytes in
                try cell.root.writeAtomically("config/caddy/Caddyfile", bytes, mode: 0o644)
                _ = try CellCaddyfile(cell).whole(with: "x")
            }
        }
    }
}
