import Archive
import FoundationEssentials
import SystemPackage
import TestSupport
import Testing

@testable import Runs

/// The swap of a restore: what it does in volumes that have changed, and what becomes of one that did not end.
@Suite struct SwapTests {
    private func code(_ error: any Error) -> Int32 { 1 }

    private func backUp(_ cell: Cell) async throws -> BackupReport {
        try await RunSession.perform(cell, kind: .backup, observer: SilentObserver(), exitCode: code) { session in
            let report = try await BackupRun(session, kind: .manual).run()
            return (report, report.ending)
        }
    }

    private func restore(_ cell: Cell, _ paths: [String] = []) async throws -> RestoreReport {
        var options = RestoreOptions(snapshot: "latest")
        options.all = true
        options.withoutSafety = true
        options.paths = paths.compactMap(EntryPath.init(text:))
        let final = options
        return try await RunSession.perform(cell, kind: .restore, observer: SilentObserver(), exitCode: code) {
            session in
            let run = try RestoreRun(session, final)
            let report = try await run.run()
            return (report, report.ending(run.snapshot.id))
        }
    }

    private func stage(_ cell: Cell, _ name: String, in place: VolumePlace) async throws -> VolumeStage {
        let volume = try await VolumeStream(place, cell.runtime(run: RunID()), stallTimeout: 60)
        return VolumeStage(volume: volume, name: name, paths: nil)
    }

    private let place = VolumePlace(service: "notes", name: "notes_data", container: "cell-notes", path: "/data/notes")
    private let notes = "data/containers/cell-notes/data/notes"

    @Test func aPathComesBackWhereItsDirectoryIsGone() async throws {
        try await TemporaryDirectory.with { directory in
            let made = try JobCell(directory)
            try made.write(notes + "/a/b/c", "kept\n")
            try made.write(notes + "/a/other", "not asked for\n")
            let cell = try made.open()
            _ = try await backUp(cell)
            try FileManager.default.removeItem(atPath: made.path + "/" + notes + "/a")
            // The second path lies below the first, and the third is the same again.
            let report = try await restore(cell, ["a/b", "a/b/c", "a/b"])
            #expect(report.volumes.allSatisfy { $0.error == nil })
            #expect(try String(contentsOfFile: made.path + "/" + notes + "/a/b/c", encoding: .utf8) == "kept\n")
            #expect(!FileManager.default.fileExists(atPath: made.path + "/" + notes + "/a/other"))
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: made.path + "/" + notes).sorted() == [
                    "a", "first.md",
                ])
        }
    }

    @Test func namesThatOnlyLookLikeOursAreBackedUp() async throws {
        try await TemporaryDirectory.with { directory in
            let made = try JobCell(directory)
            try made.write(notes + "/.picjobs-settings", "the service's own\n")
            let cell = try made.open()
            _ = try await backUp(cell)
            try FileManager.default.removeItem(atPath: made.path + "/" + notes + "/.picjobs-settings")
            _ = try await restore(cell)
            #expect(FileManager.default.fileExists(atPath: made.path + "/" + notes + "/.picjobs-settings"))
        }
    }

    @Test func whatAServiceMakesMeanwhileGivesWay() async throws {
        try await TemporaryDirectory.with { directory in
            let made = try JobCell(directory)
            let cell = try made.open()
            let name = ".picjobs-\(RunID())"
            let stage = try await stage(cell, name, in: place)
            try await stage.create()
            try await stage.swapOut()
            try made.write("\(notes)/\(name)/new/log/old", "restored\n")
            try made.write("\(notes)/log/new", "made in between\n")
            try await stage.swapIn()
            try await stage.remove()
            #expect(try FileManager.default.contentsOfDirectory(atPath: made.path + "/" + notes + "/log") == ["old"])
            #expect(try FileManager.default.contentsOfDirectory(atPath: made.path + "/" + notes) == ["log"])
        }
    }

    @Test func whatIsMovedAsideComesBackWhateverStandsThere() async throws {
        try await TemporaryDirectory.with { directory in
            let made = try JobCell(directory)
            let cell = try made.open()
            try made.write(notes + "/log/old", "before\n")
            let stage = try await stage(cell, ".picjobs-\(RunID())", in: place)
            try await stage.create()
            try await stage.swapOut()
            try made.write(notes + "/log/new", "made in between\n")
            try await stage.swapBack()
            try await stage.remove()
            #expect(try FileManager.default.contentsOfDirectory(atPath: made.path + "/" + notes + "/log") == ["old"])
            #expect(FileManager.default.fileExists(atPath: made.path + "/" + notes + "/first.md"))
        }
    }

    /// A restore that was killed in its swap, and whose container is not there at the next start.
    @Test func aVolumeInBetweenIsNeitherBackedUpNorForgotten() async throws {
        try await TemporaryDirectory.with { directory in
            let made = try JobCell(directory)
            let cell = try made.open()
            let run = RunID()
            let stage = try await stage(cell, ".picjobs-\(run)", in: place)
            try await stage.create()
            try await stage.swapOut()
            let record = try RunRecord(cell, id: run, kind: .restore)
            try record.begin(RunStep(.swapOut, place, stage: ".picjobs-\(run)"))
            // Ended with an error, not killed: as a failed swap is.
            try record.end(exitCode: 1, snapshot: nil, result: "failed")
            #expect(try RunHistory(cell).summary(run).state == .unsettled)
            let container = made.path + "/data/containers/cell-notes"
            try FileManager.default.moveItem(atPath: container, toPath: container + ".away")
            for _ in 0..<2 {
                let report = try await backUp(cell)
                #expect(report.services.first?.archives.first?.verdict == .failed)
                #expect(report.services.first?.archives.first?.error?.contains("\(run)") == true)
                #expect(try RunHistory(cell).summary(run).state == .unsettled)
            }
            try FileManager.default.moveItem(atPath: container + ".away", toPath: container)
            let report = try await backUp(cell)
            #expect(report.verdict == .ok)
            #expect(try FileManager.default.contentsOfDirectory(atPath: made.path + "/" + notes) == ["first.md"])
            #expect(try RunHistory(cell).summary(run).state == .interrupted)
        }
    }

    @Test func aContainerWithReplacedFilesIsRestartedAlsoByTheNextRun() throws {
        let steps = [
            RunStep(.swapOut, place), RunStep(.swapIn, place, restart: true), RunStep(.sweep, place),
            RunStep(.settled, place),
        ]
        #expect(steps.unsettled.isEmpty)
        #expect(steps.unrestarted.keys.sorted() == ["cell-notes"])
        #expect(!steps.areSettled)
        #expect((steps + [RunStep(.restart, place)]).areSettled)
    }

    @Test(arguments: [
        "tar: ./big: Wrote only 1024 of 10240 bytes", "tar: ./f: Cannot write: No space left on device",
        "tar: write error: No space left on device", "tar: ./d: Cannot mkdir: Disk quota exceeded",
    ])
    func aFullVolumeIsKnown(_ line: String) { #expect(NoRoom.explains(line)) }
}
