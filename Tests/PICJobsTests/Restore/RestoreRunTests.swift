import FoundationEssentials
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import Archive
@testable import Runs

@Suite("Restoring a volume")
struct RestoreRunTests {
    private func with(_ body: (RestoreCell) async throws -> Void) async throws {
        try await TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            try await cell.fill()
            try await body(cell)
        }
    }

    private func path(_ text: String) throws -> EntryPath { try #require(EntryPath(text: text)) }

    @Test("What was backed up and wiped is back, equal in everything, and nothing of ours is left")
    func roundTrip() async throws {
        try await with { cell in
            let before = try await cell.listing()
            try await cell.backUp()
            try await cell.sh("find . -mindepth 1 -delete; printf new > stranger; chmod 700 .; touch .")
            let report = try await cell.restore()
            #expect(report.volumes.map { $0.error == nil } == [true])
            #expect(report.safety != nil)
            #expect(try await cell.listing() == before)
        }
    }

    @Test("One file comes back, and everything else stays as it is now")
    func oneFile() async throws {
        try await with { cell in
            try await cell.backUp()
            try await cell.sh("printf changed > d/two; printf changed > d/e/deep; : > new")
            let wanted = try path("d/two")
            let report = try await cell.restore { $0.paths = [wanted] }
            #expect(report.volumes.map { $0.error == nil } == [true])
            #expect(
                try await cell.sh("cat d/two d/e/deep; ls new; ls -A | grep -c picjobs || true") == "twochangednew\n0\n"
            )
        }
    }

    @Test("A directory comes back whole: what is new in it goes")
    func oneDirectory() async throws {
        try await with { cell in
            try await cell.backUp()
            try await cell.sh("rm d/e/deep; : > d/e/new; printf changed > d/one")
            let wanted = try path("d/e")
            let report = try await cell.restore { $0.paths = [wanted] }
            #expect(report.volumes.map { $0.error == nil } == [true])
            #expect(try await cell.sh("ls d/e; cat d/one; stat -c %a d/e") == "deep\nchanged2755\n")
        }
    }

    // The staged file could not be moved into a directory that is not there, and every later run failed on it, too.
    @Test("A file whose directory is gone comes back with it")
    func missingParent() async throws {
        try await with { cell in
            try await cell.backUp()
            try await cell.sh("rm -rf d")
            let wanted = try path("d/e/deep")
            let report = try await cell.restore { $0.paths = [wanted] }
            #expect(report.volumes.map { $0.error.map { "\($0)" } } == [nil])
            #expect(
                try await cell.sh("find d | sort; stat -c %a d/e; ls -A | grep -c picjobs || true")
                    == "d\nd/e\nd/e/deep\n2755\n0\n")
            try await cell.backUp()
        }
    }

    @Test("A directory that has become a file is not replaced by a path below it; nothing is changed or left")
    func parentIsFile() async throws {
        try await with { cell in
            try await cell.backUp()
            try await cell.sh("rm -rf d; printf file > d; printf x > holes")
            let wanted = [try path("holes"), try path("d/e/deep")]
            let report = try await cell.restore { $0.paths = wanted }
            #expect(report.volumes.first?.error.map { "\($0)" }?.contains("is no directory in the volume now") == true)
            #expect(try await cell.sh("cat d holes; ls -A | grep -c picjobs || true") == "filex0\n")
            try await cell.backUp()
        }
    }

    @Test("Paths may lie within each other, in any order", arguments: [["d", "d/e/deep"], ["d/e/deep", "d"]])
    func nestedPaths(_ names: [String]) async throws {
        try await with { cell in
            try await cell.backUp()
            let before = try await cell.sh("find d -printf '%p %s %T@\\n' | sort")
            try await cell.sh("printf changed > d/e/deep; : > d/new")
            let wanted = try names.map { try path($0) }
            let report = try await cell.restore { $0.paths = wanted }
            #expect(report.volumes.map { $0.error.map { "\($0)" } } == [nil])
            #expect(try await cell.sh("find d -printf '%p %s %T@\\n' | sort") == before)
        }
    }

    @Test("A path that the snapshot does not have is an error before anything is changed")
    func unknownPath() async throws {
        try await with { cell in
            try await cell.backUp()
            let before = try await cell.listing()
            let wanted = try path("nothing/here")
            await #expect(throws: (any Error).self) { try await cell.restore { $0.paths = [wanted] } }
            #expect(try await cell.listing() == before)
        }
    }

    @Test("A damaged archive is refused, and the volume stays as it is")
    func damaged() async throws {
        try await with { cell in
            let id = try await cell.backUp()
            let before = try await cell.listing()
            let file = "\(cell.cell.path)/data/backups/\(id)/service_data/notes/notes_data.tar.gz"
            try await Tool.run(["bash", "-c", "printf x | dd of='\(file)' bs=1 seek=40 conv=notrunc status=none"])
            await #expect(throws: (any Error).self) { try await cell.restore() }
            #expect(try await cell.listing() == before)
        }
    }

    @Test("latest takes an older archive where the newest is not whole, and says so")
    func fallsBack() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            try await cell.fill()
            let before = try await cell.listing()
            let first = try await cell.backUp()
            // A second one that is known to lack something.
            let store = try cell.cell.open().store()
            let key = try #require(try cell.cell.open().key())
            var document = try store.open(first, key: key).document
            document.services[0].archives[0].verdict = .incomplete
            document.services[0].archives[0].error = "torn"
            let snapshot = try store.begin(SnapshotID(Timestamp.now))
            document.id = snapshot.id
            document.files = []
            _ = try store.publish(snapshot, document, key: key)
            try await cell.sh("rm -rf d")
            let report = try await cell.restore { $0.withoutSafety = true }
            #expect(report.volumes.map(\.snapshot) == [first.description])
            #expect(report.notes.contains { $0.contains("incomplete") })
            #expect(try await cell.listing() == before)
        }
    }

    @Test("A snapshot whose document was changed is refused, also with --accept-unauthenticated; a lost key needs it")
    func authenticity() async throws {
        try await with { cell in
            let id = try await cell.backUp()
            let before = try await cell.listing()
            try await Tool.run(["mv", cell.cell.path + "/data/keys/snapshot.key", cell.cell.path + "/key"])
            await #expect(throws: RunError.self) { try await cell.restore() }
            let report = try await cell.restore {
                $0.acceptUnauthenticated = true
                $0.withoutSafety = true
            }
            #expect(report.notes.contains { $0.contains("NOT authenticated") })
            try await Tool.run(["mv", cell.cell.path + "/key", cell.cell.path + "/data/keys/snapshot.key"])
            let document = "\(cell.cell.path)/data/backups/\(id)/snapshot.json"
            try await Tool.run(["sed", "-i", "s/manual/nightly/", document])
            for accepted in [false, true] {
                let error = await #expect(throws: RunError.self) {
                    try await cell.restore { $0.acceptUnauthenticated = accepted }
                }
                #expect(error?.code == .refused)
                #expect(error?.message.contains("wrong HMAC") == true)
            }
            #expect(try await cell.listing() == before)
        }
    }

    @Test("The cell is busy while another run holds it, and the message names that run")
    func busy() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            let run = RunID()
            let lock = try CellLock(try cell.cell.open(), run: run)
            let error = await #expect(throws: RunError.self) { try await cell.backUp() }
            #expect(error?.code == .busy)
            #expect(error?.message.contains("run \(run.text) (process \(getpid()))") == true)
            withExtendedLifetime(lock) {}
        }
    }

    @Test("A run that is turned away closes only what is its own")
    func busyCloses() throws {
        try TemporaryDirectory.with { path in
            let cell = try RestoreCell(path).cell.open()
            let lock = try CellLock(cell, run: RunID())
            let lost = ForeignCloses.count {
                for _ in 0..<2000 { #expect(throws: RunError.self) { _ = try CellLock(cell, run: RunID()) } }
            }
            #expect(lost == 0)
            withExtendedLifetime(lock) {}
        }
    }
}
