import FoundationEssentials
import SystemPackage
import TestSupport
import Testing

@testable import Archive
@testable import Runs

/// Whatever byte of a killed run's record is damaged: nothing is removed, and nothing that it may have touched is said
/// to be saved.
@Suite("A run whose record is not understood is left alone, and so is what it may have touched")
struct DamagedRecordTests {
    private static let isFull = ProcessInfo.processInfo.environment["PICJOBS_MUTATIONS"] != nil

    /// The volume's only copy of `live` is in the staging directory, as while a swap is under way.
    private func with(_ body: (RestoreCell) async throws -> Void) async throws {
        try await TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            let stage = KilledRecord.stage
            try await cell.sh(
                "rm first.md; mkdir -p \(stage)/new \(stage)/old \(stage)/late; echo 1 > \(stage)/old/live")
            try await Tool.run(["mkdir", "-p", cell.cell.path + "/data/backups/.incomplete-20250101T000000Z"])
            try await body(cell)
        }
    }

    private func backUp(_ cell: RestoreCell, _ notes: Notes = Notes()) async throws -> BackupReport {
        try await cell.perform(.backup, observer: notes) { try await BackupRun($0, kind: .manual).run() }
    }

    private func expectUntouched(_ cell: RestoreCell, _ comment: Comment) async throws {
        let left = try await cell.sh("cat \(KilledRecord.stage)/old/live; ls -d ../../../../backups/.incomplete*")
        #expect(left.hasPrefix("1\n") && left.contains(".incomplete-20250101T000000Z"), comment)
        #expect(throws: RunError.self, comment) {
            try Pruning.run(try cell.cell.open(), policy: RetentionPolicy(keepLast: 1, keepSafety: 0), dryRun: false)
        }
    }

    @Test("Every line of the journal of every kind of run", arguments: KilledRecord.journals.indices)
    func lines(_ number: Int) async throws {
        let (kind, steps) = KilledRecord.journals[number]
        try await with { cell in
            let record = try KilledRecord(in: cell, kind, steps)
            let lines = try record.lines()
            let summary = try Data(contentsOf: URL(filePath: record.directory + "/run.json"))
            for place in lines.indices {
                let all = LineDamage.allCases
                for damage in Self.isFull ? all : [all[(place + number) % all.count]] {
                    let comment: Comment = "\(kind), line \(place + 1), \(damage)"
                    var damaged = lines
                    damaged[place] = try damage.apply(lines[place])
                    try record.write(damaged)
                    let notes = Notes()
                    let report = try await backUp(cell, notes)
                    #expect(report.verdict != .ok, comment)
                    let said = notes.all.contains {
                        $0.contains("steps.jsonl line \(place + 1)") && $0.contains("jobs settle \(KilledRecord.id)")
                    }
                    #expect(said, comment)
                    if kind == .restore || kind.changesService {
                        #expect(report.services.flatMap(\.archives).allSatisfy { $0.verdict == .failed }, comment)
                        #expect(report.exitCode == 3, comment)
                    }
                    if kind.scope == .cell { try await expectUntouched(cell, comment) }
                    let run = try RunHistory(try cell.cell.open()).summary(try #require(RunID(KilledRecord.id)))
                    #expect(run.state == .unsettled && run.result?.contains("line \(place + 1)") == true, comment)
                    #expect(try Data(contentsOf: URL(filePath: record.directory + "/run.json")) == summary, comment)
                    #expect(try record.lines() == damaged.filter { !$0.isEmpty }, comment)
                }
            }
        }
    }

    @Test(
        "A record without or with half of its files",
        arguments: [
            "rm run.json", "rm steps.jsonl", "rm run.json steps.jsonl", "truncate -s 20 run.json", ": > steps.jsonl",
            ": > run.json", "sed -i s/00000a/00000b/ run.json", "sed -i 's/\"restore\"/\"teleport\"/' run.json",
            "rm run.json; ln -s /etc/hostname run.json", "rm steps.jsonl; mkdir steps.jsonl", "cd ..; rm -r *; touch *",
            "cd ..; mv \(KilledRecord.id) x; ln -s x \(KilledRecord.id)",
        ])
    func halves(_ damage: String) async throws {
        try await with { cell in
            let swap = RunStep(.swapOut, RestoreCell.place, stage: KilledRecord.stage)
            let record = try KilledRecord(in: cell, .restore, [RunStep(.check, RestoreCell.place), swap])
            let script = damage.replacing("touch *", with: "touch \(KilledRecord.id)")
            try await Tool.run(["bash", "-c", "cd '\(record.directory)'; \(script)"])
            let report = try await backUp(cell)
            #expect(report.exitCode == 3)
            try await expectUntouched(cell, "")
            let run = try RunHistory(try cell.cell.open()).summary(try #require(RunID(KilledRecord.id)))
            #expect(run.state == .unsettled)
        }
    }

    @Test("Neither a restore nor a change touches what such a run may have touched, and others go on")
    func others() async throws {
        try await with { cell in
            let snapshot = try await backUp(cell).document?.id
            let record = try KilledRecord(
                in: cell, .restore, [RunStep(.check, RestoreCell.place), RunStep(.stage, RestoreCell.place)])
            var lines = try record.lines()
            lines[2].removeLast()
            try record.write(lines)
            let text = try #require(snapshot).description
            for withoutSafety in [true, false] {
                do {
                    let report = try await cell.restore(text) {
                        $0.withoutSafety = withoutSafety
                        // It was made beside the staging directory of a run that had no record yet.
                        $0.acceptIncomplete = true
                    }
                    let error = try #require(report.volumes.first?.error)
                    #expect("\(error)".contains("line 3"))
                } catch let error as RunError {
                    #expect(error.message.contains("line 3"))
                }
            }
            let changes = ServiceChanges(try cell.cell.open(), observer: SilentObserver(), exitCode: { _ in 1 })
            await #expect(throws: RunError.self) { try await changes.restart("notes") }
            // Another volume's restore keeps none from its backup.
            var other = RestoreCell.place
            other = VolumePlace(service: "mail", name: "mail", container: "cell-mail", path: other.path)
            try FileManager.default.removeItem(atPath: record.directory)
            let second = try KilledRecord(in: cell, .restore, [RunStep(.check, other), RunStep(.stage, other)])
            var damaged = try second.lines()
            damaged[2].removeLast()
            try second.write(damaged)
            try await cell.sh("rm -rf \(KilledRecord.stage)")
            let report = try await backUp(cell)
            #expect(report.exitCode == 0 && report.verdict == .warnings)
        }
    }

    @Test("A person settles it: undo refuses what is not understood, forget says what is left and touches nothing")
    func settle() async throws {
        try await with { cell in
            let swap = RunStep(.swapOut, RestoreCell.place, stage: KilledRecord.stage)
            let record = try KilledRecord(in: cell, .restore, [RunStep(.check, RestoreCell.place), swap])
            let lines = try record.lines()
            try record.write([lines[0], lines[1], Array(lines[2].dropLast())])
            let settlement = RunSettlement(
                try cell.cell.open(), try #require(RunID(KilledRecord.id)), observer: SilentObserver())
            await #expect(throws: RunError.self) { try await settlement.undo(exitCode: { _ in 1 }) }
            let report = try await settlement.forget(exitCode: { _ in 1 })
            #expect(report.left.count == 1 && report.left[0].contains(KilledRecord.stage), "\(report.left)")
            #expect(report.run.state == .interrupted)
            #expect(try await cell.sh("cat \(KilledRecord.stage)/old/live") == "1\n")
            #expect(FileManager.default.fileExists(atPath: record.journal + ".damaged"))
            let steps = try RunHistory(try cell.cell.open()).steps(report.run.id)
            #expect(steps.last?.by == "hand" && steps.areSettled)
            // From now on it stands in nobody's way.
            let notes = Notes()
            #expect(try await backUp(cell, notes).services.first?.archives.first?.isUsable == true)
            #expect(!notes.all.contains { $0.contains("not understood") })
        }
    }

    @Test("A person may have the journal's line repaired: undo then undoes")
    func undo() async throws {
        try await with { cell in
            let swap = RunStep(.swapOut, RestoreCell.place, stage: KilledRecord.stage)
            let record = try KilledRecord(in: cell, .restore, [RunStep(.check, RestoreCell.place), swap])
            let lines = try record.lines()
            try record.write([lines[0], lines[1], Array(lines[2].dropLast())])
            _ = try await backUp(cell)
            try record.write(lines)
            let report = try await RunSettlement(
                try cell.cell.open(), try #require(RunID(KilledRecord.id)), observer: SilentObserver()
            ).undo(exitCode: { _ in 1 })
            #expect(report.run.state == .interrupted && report.result.contains("undone"), "\(report.result)")
            #expect(try await cell.sh("cat live") == "1\n")
        }
    }
}
