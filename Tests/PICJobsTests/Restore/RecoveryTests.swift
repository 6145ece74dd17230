import FoundationEssentials
import SystemPackage
import TestSupport
import Testing

@testable import Archive
@testable import Runs

/// A killed run is made by hand: its journal ends at a step, and the volume is as such a kill leaves it.
@Suite("What a killed run left is finished or undone by the next")
struct RecoveryTests {
    private static let id = "20260101T000000Z-00000a"
    private static let stage = ".picjobs-\(id)"

    private func kill(
        in cell: RestoreCell, at step: RunStep.Kind, paths: [String]? = nil, safety: String? = nil, _ script: String
    ) async throws {
        let record = try RunRecord(try cell.cell.open(), id: try #require(RunID(Self.id)), kind: .restore)
        try record.begin(RunStep(.check, RestoreCell.place))
        let name = step == .fill ? nil : Self.stage
        try record.begin(RunStep(step, RestoreCell.place, stage: name, paths: paths, safety: safety))
        // What a kill in the middle of a line leaves.
        try await Tool.run([
            "bash", "-c", "printf '{\"step\":\"sw' >> '\(cell.cell.path)/data/runs/\(Self.id)/steps.jsonl'",
        ])
        try await cell.sh("S='\(Self.stage)'; " + script)
    }

    private func expect(_ cell: RestoreCell, _ listing: String, result: String) async throws {
        try await cell.perform(.verify) { _ in }
        #expect(try await cell.sh("find . -mindepth 1 | LC_ALL=C sort | tr '\\n' ' '") == listing)
        let run = try RunHistory(try cell.cell.open()).summary(try #require(RunID(Self.id)))
        #expect(run.state == .interrupted)
        #expect(run.result?.contains(result) == true, "\(run.result ?? "")")
        // And once is enough: the next run finds nothing to do.
        try await cell.perform(.verify) { _ in }
        #expect(try await cell.sh("find . -mindepth 1 | LC_ALL=C sort | tr '\\n' ' '") == listing)
    }

    private func with(_ body: (RestoreCell) async throws -> Void) async throws {
        try await TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            try await cell.sh("mkdir d; printf old > d/file; rm first.md")
            try await body(cell)
        }
    }

    @Test("Before the swap the staging directory goes", arguments: [RunStep.Kind.stage, .compare, .sweep])
    func staging(_ step: RunStep.Kind) async throws {
        try await with { cell in
            try await kill(in: cell, at: step, "mkdir -p $S/new/d $S/old $S/late; printf new > $S/new/d/file")
            try await expect(cell, "./d ./d/file ", result: "staging directory was removed")
            #expect(try await cell.sh("cat d/file") == "old")
        }
    }

    @Test("A kill before the staging directory was made needs nothing")
    func nothingYet() async throws {
        try await with { cell in
            try await kill(in: cell, at: .stage, "")
            try await expect(cell, "./d ./d/file ", result: "removed")
        }
    }

    @Test("While the old content moves out, it moves back")
    func swapOut() async throws {
        try await with { cell in
            try await kill(
                in: cell, at: .swapOut,
                "printf other > other; mkdir -p $S/new/d $S/old $S/late; printf new > $S/new/d/file; mv d $S/old")
            try await expect(cell, "./d ./d/file ./other ", result: "undone")
            #expect(try await cell.sh("cat d/file") == "old")
        }
    }

    @Test("While the new content moves in, the rest of it follows")
    func swapIn() async throws {
        try await with { cell in
            try await kill(
                in: cell, at: .swapIn,
                "mkdir -p $S/new $S/old $S/late; mv d $S/old; printf a > a; printf b > $S/new/b; mkdir $S/new/d")
            try await expect(cell, "./a ./b ./d ", result: "finished")
        }
    }

    @Test("Single paths move back, and in, the same way")
    func paths() async throws {
        let flat = SHA256.hash(Array("d/file".utf8)).hex
        try await with { cell in
            try await kill(
                in: cell, at: .swapOut, paths: ["d/file"],
                "mkdir -p $S/new/d $S/old $S/late; printf new > $S/new/d/file; mv d/file $S/old/\(flat)")
            try await expect(cell, "./d ./d/file ", result: "undone")
            #expect(try await cell.sh("cat d/file") == "old")
        }
        try await with { cell in
            try await kill(
                in: cell, at: .swapIn, paths: ["d/file"],
                "mkdir -p $S/new/d $S/old $S/late; printf new > $S/new/d/file; mv d/file $S/old/\(flat)")
            try await expect(cell, "./d ./d/file ", result: "finished")
            #expect(try await cell.sh("cat d/file") == "new")
        }
    }

    @Test("A volume that was cleared to be filled gets its safety snapshot back")
    func fill() async throws {
        try await with { cell in
            let before = try await cell.listing()
            let safety = try await cell.backUp()
            try await kill(in: cell, at: .fill, safety: safety.description, "rm -rf d; printf half > half")
            try await expect(cell, "./d ./d/file ", result: "filled again")
            #expect(try await cell.listing() == before)
        }
    }

    @Test("A settled volume is left alone, and a record that a kill left half made is swept away")
    func settled() async throws {
        try await with { cell in
            try await kill(in: cell, at: .settled, "")
            let half = cell.cell.path + "/data/runs/.new-20250101T000000Z-00000b"
            try await Tool.run(["mkdir", half])
            try await Tool.run(["touch", "-d", "2 hours ago", half])
            try await expect(cell, "./d ./d/file ", result: "nothing was left to undo")
            #expect(try RunHistory(try cell.cell.open()).summaries().count == 3)
            await #expect(throws: (any Error).self) { try await Tool.run(["test", "-e", half]) }
        }
    }
}
