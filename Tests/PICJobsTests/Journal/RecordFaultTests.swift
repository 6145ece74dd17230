import FoundationEssentials
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import Archive
@testable import Runs

@Suite("What can't be recorded, locked or found any more has a sentence of its own")
struct RecordFaultTests {
    @Test("The work's outcome stands when its record can't be written; the warning names the file")
    func outcomeStands() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            let notes = Notes()
            let document = try await cell.perform(.backup, observer: notes) { session in
                let report = try await BackupRun(session, kind: .manual).run()
                let place = session.record.directory.path
                try FileManager.default.removeItem(atPath: place + "/run.json")
                try await Tool.run(["mkdir", place + "/run.json", place + "/log"])
                return report.document
            }
            #expect(try cell.cell.snapshots() == [try #require(document?.id)])
            #expect(notes.all.contains { $0.hasPrefix("warning: ") && $0.contains("run.json") }, "\(notes.all)")
            #expect(notes.all.contains { $0.hasPrefix("warning: ") && $0.contains("/log") }, "\(notes.all)")
        }
    }

    @Test("Work that failed says so, and the record's fault besides")
    func failureStands() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            let notes = Notes()
            let error = await #expect(throws: RunError.self) {
                try await cell.perform(.backup, observer: notes) { session in
                    let place = session.record.directory.path
                    try FileManager.default.removeItem(atPath: place + "/run.json")
                    throw RunError(.failed, "the work failed")
                }
            }
            #expect(error?.message == "the work failed")
            #expect(notes.all.contains { $0.hasPrefix("warning: ") && $0.contains("run.json") }, "\(notes.all)")
        }
    }

    @Test("A line that can't be written whole is not left in half")
    func halfLine() async throws {
        try TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            let record = try KilledRecord(in: cell, .restore, [])
            let bytes = try Data(contentsOf: URL(filePath: record.journal))
            // A pipe takes no fdatasync: the line is written, the call fails.
            let pipe = try FileDescriptor.pipe()
            defer { for end in [pipe.readEnd, pipe.writeEnd] { close(end.rawValue) } }
            #expect(throws: (any Error).self) { try RunRecord.append(RunStep(.recover), to: pipe.writeEnd, "x") }
            #expect(try Data(contentsOf: URL(filePath: record.journal)) == bytes)
        }
    }

    @Test("Who waits for a lock whose file is replaced meanwhile locks the file that is there")
    func lockFile() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try JobCell(path).open()
            let place = path.appending("data/egress.lock").string
            let held = open(place, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            defer { close(held) }
            #expect(flock(held, LOCK_EX | LOCK_NB) == 0)
            async let lock = blocking { try CellLock(cell, run: RunID(), scope: .egress) }
            try await Task.sleep(for: .milliseconds(200))
            try FileManager.default.removeItem(atPath: place)
            flock(held, LOCK_UN)
            let taken = try await lock
            withExtendedLifetime(taken) {
                let other = open(place, O_RDWR | O_CLOEXEC)
                defer { close(other) }
                #expect(other >= 0 && flock(other, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
            }
        }
    }

    @Test("Half-written files are swept wherever they are made, but not one that another process may be writing")
    func temporaries() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            let name = Directory.temporaryPrefix + "0f"
            let places = [
                "config", "config/notes", "config/notes/deep", "data", "data/services", "data/services/notes",
            ]
            for place in places {
                try cell.cell.write("\(place)/\(name)", "secret")
                try cell.cell.write("\(place)/\(name)1", "secret")
                try await Tool.run(["touch", "-d", "1 hour ago", "\(cell.cell.path)/\(place)/\(name)"])
            }
            try cell.cell.write("data/keys/\(name)", "secret")
            try await cell.perform(.verify) { _ in }
            for place in places {
                #expect(!FileManager.default.fileExists(atPath: "\(cell.cell.path)/\(place)/\(name)"), "\(place)")
                #expect(FileManager.default.fileExists(atPath: "\(cell.cell.path)/\(place)/\(name)1"), "\(place)")
            }
            #expect(!FileManager.default.fileExists(atPath: "\(cell.cell.path)/data/keys/\(name)"))
        }
    }

    @Test("Readers of a snapshot that is removed beside them say that, and nothing of damage")
    func removedMeanwhile() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            let (first, second) = (try await cell.backUp(), try await cell.backUp())
            let opened = try cell.cell.open()
            let store = try opened.store()
            let listing = try store.list(key: try opened.key())
            let (kept, gone) = (try store.open(second, key: nil), try store.open(first, key: nil))
            try store.delete(first)
            #expect(try listing.retentionCandidates().map(\.id) == [second])
            #expect(try store.list(key: nil).unreadable.isEmpty)
            let readers: [() async throws -> Void] = [
                { _ = try listing.snapshots[0].directory },
                { _ = try await SnapshotCheck().check(gone, observer: SilentObserver()) },
                { _ = try ArchiveSource(gone, RestoreCell.place, acceptIncomplete: false) },
            ]
            for reader in readers {
                let error = await #expect(throws: ArchiveError.self) { try await reader() }
                #expect(error?.code == .notFound && error?.message.contains("was removed") == true)
            }
            #expect(try await SnapshotCheck().check(kept, observer: SilentObserver()).isEmpty == false)
        }
    }

    @Test("The way back of a run that is not settled is kept, whatever the rules say")
    func wayBack() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            let report = try await cell.perform(.backup) { session in
                try await BackupRun(session, kind: .safety).run(volumes: [RestoreCell.place], configPaths: [:])
            }
            let safety = try #require(report.document?.id)
            _ = try KilledRecord(
                in: cell, .restore,
                [RunStep(.check, RestoreCell.place), RunStep(.fill, RestoreCell.place, safety: safety.description)])
            let decisions = try Pruning.run(
                try cell.cell.open(), policy: RetentionPolicy(keepLast: 1, keepSafety: 0), dryRun: false
            ).decisions
            #expect(decisions.map(\.isKept) == [true])
            #expect(decisions.first?.reasons == ["way back of run \(KilledRecord.id)"])
        }
    }

    @Test(
        "An archive that is gone, or a link in its place, is damage; a call that fails is not",
        arguments: [
            ("rm \"$1\"", RunError.Code.damaged), ("ln -sf /etc/hostname \"$1\"", .damaged),
            ("rm \"$1\"; mkdir \"$1\"", .damaged),
        ])
    func missingArchive(_ damage: String, _ code: RunError.Code) async throws {
        try await TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            let id = try await cell.backUp()
            let file = "\(cell.cell.path)/data/backups/\(id)/service_data/notes/notes_data.tar.gz"
            try await Tool.run(["bash", "-c", damage, "bash", file])
            let snapshot = try cell.cell.open().store().open(id, key: nil)
            let error = #expect(throws: RunError.self) {
                try ArchiveSource(snapshot, RestoreCell.place, acceptIncomplete: false)
            }
            #expect(error?.code == code, "\(error?.message ?? "")")
        }
    }
}
