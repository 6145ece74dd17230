import Archive
import FoundationEssentials
import Glibc
import Runs
import TestSupport
import Testing

struct JobRunTests {
    private static let strict = "kind: backup\nverify: published\nretention:\n  keep_last: 1\n"

    private func run(
        _ cell: JobCell, _ yaml: String = strict, observer: any RunObserver = SilentObserver()
    ) async throws -> JobReport {
        let job = try cell.job("nightly-backup", yaml)
        return try await JobRun(cell.open(), job, observer: observer).run(exitCode: { _ in 99 })
    }

    @Test("A nightly run backs up, reads back, thins out, and is on record as the job's")
    func nightly() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try JobCell(path)
            for _ in 1...2 { #expect(try await run(cell, "kind: backup\n").exitCode == 0) }
            #expect(try cell.snapshots().count == 2)
            let report = try await run(cell)
            #expect(report.exitCode == 0)
            #expect(report.backup.document?.kind == .nightly)
            #expect(report.findings == [])
            #expect(report.removed.count == 2)
            #expect(try cell.snapshots() == [try #require(report.backup.document?.id)])
            let history = try RunHistory(cell.open())
            let record = try #require(
                try history.summaries().first { $0.snapshot == report.backup.document?.id.description })
            #expect(record.job == "nightly-backup")
            #expect(record.state == .ended)
            #expect(record.exitCode == 0)
            #expect(record.result?.contains("read back; 2 of 3 snapshots removed") == true)
            let steps = try history.steps(record.id).map(\.step)
            #expect(Array(steps.suffix(3)) == [.publish, .verify, .prune])
            #expect(try RunHistory.log(record.id, of: cell.open()).count { $0.contains("removed snapshot") } == 2)
        }
    }

    @Test("A snapshot that reads back damaged ends with 4 and nothing is removed")
    func damaged() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try JobCell(path)
            _ = try await run(cell)
            let report = try await run(cell, observer: Damaging(cell: cell))
            #expect(report.exitCode == 4)
            #expect(report.findings?.count == 1)
            #expect(report.decisions == nil)
            #expect(try cell.snapshots().count == 2)
        }
    }

    @Test("After a partial backup nothing is removed")
    func partial() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try JobCell(path)
            _ = try await run(cell)
            try cell.write("data/services/files/manifest.json", "{")
            let report = try await run(cell)
            #expect(report.exitCode == 3)
            #expect(report.findings == [])
            #expect(report.decisions == nil)
            #expect(try cell.snapshots().count == 2)
        }
    }

    @Test("verify: none reads nothing back, and without retention nothing is removed")
    func none() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try JobCell(path)
            let report = try await run(cell, "kind: backup\nservices: [notes]\nverify: none\n")
            #expect(report.exitCode == 0)
            #expect(report.findings == nil)
            #expect(report.decisions == nil)
        }
    }

    @Test("A service that is not installed fails the job before anything is written")
    func unknownService() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try JobCell(path)
            await #expect(throws: (any Error).self) { try await run(cell, "kind: backup\nservices: [chat]\n") }
            #expect(try cell.snapshots().isEmpty)
            #expect(try RunHistory(cell.open()).summaries().first?.exitCode == 99)
        }
    }

    /// Overwrites the published archive at the moment it is to be read back.
    private struct Damaging: RunObserver {
        let cell: JobCell

        func began(_ what: String, volume: VolumePlace, progress: TransferProgress, expected: UInt64?) {
            guard what == "verify" else { return }
            do {
                let id = try #require(try cell.snapshots().last)
                let file = "\(cell.path)/data/backups/\(id)/service_data/notes/notes_data.tar.gz"
                var bytes = try Data(contentsOf: URL(filePath: file))
                bytes[bytes.count / 2] ^= 0x01
                try bytes.write(to: URL(filePath: file))
            } catch {
                Issue.record(error)
            }
        }

        func ended(volume: VolumePlace) {}
        func note(_ line: String) {}
    }
}
