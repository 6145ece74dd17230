import FoundationEssentials
import TestSupport
import Testing

@testable import Archive
@testable import Runs

@Suite("A journal is read strictly")
struct RunJournalTests {
    private static let step = RunStep(
        .swapOut, RestoreCell.place, stage: ".picjobs-x", paths: ["a/é \"b\""], snapshot: "20250101T000000Z",
        restart: true)

    @Test("A line reads back as it was written, with its format and domain")
    func roundTrip() throws {
        let line = try JournalLine.bytes(of: Self.step)
        #expect(line.last == 0x0A)
        let text = String(decoding: line, as: UTF8.self)
        #expect(text.contains("\"v\":1") && text.contains("\"domain\":\"volume\""))
        let again = try #require(RunJournal(line).steps.first)
        #expect(again.step == .swapOut && again.volume == RestoreCell.place && again.paths == Self.step.paths)
        #expect(again.restart == true && again.time == Self.step.time)
    }

    @Test("Any other bit in any byte of any line is noticed")
    func everyBit() throws {
        let isFull = ProcessInfo.processInfo.environment["PICJOBS_MUTATIONS"] != nil
        var missed: [String] = []
        let steps = KilledRecord.journals.flatMap(\.1)
        for step in isFull ? steps : [steps[4], steps.first { $0.change != nil } ?? Self.step] {
            let line = try JournalLine.bytes(of: step)
            for place in line.indices {
                for bit in isFull ? Array(0..<8) : [place % 8] {
                    var damaged = line
                    damaged[place] ^= 1 << bit
                    let journal = RunJournal(damaged)
                    guard journal.steps.isEmpty, !journal.faults.isEmpty else {
                        missed.append("bit \(bit) of byte \(place) of \(step.step)")
                        continue
                    }
                }
            }
        }
        #expect(missed.isEmpty)
    }

    @Test("Only an incomplete last line is passed over")
    func incomplete() throws {
        let line = try JournalLine.bytes(of: Self.step)
        for length in 0..<line.count {
            let journal = RunJournal(line + line.prefix(length))
            #expect(journal.steps.count == 1 && journal.faults.isEmpty, "\(length)")
            if length > 0 {
                let inside = RunJournal(line.prefix(length) + [0x0A] + line)
                #expect(inside.faults.map(\.line) == (length == line.count - 1 ? [] : [1]))
            }
        }
        #expect(RunJournal([0x0A] + line).faults.map(\.line) == [1])
    }

    @Test("A line of the version before formats had a number is understood, but not one with other keys or values")
    func withoutNumber() throws {
        let old =
            #"{"stage":".picjobs-x","step":"swap-out","time":"2026-01-01T00:00:00Z","volume":"#
            + #"{"container":"c","name":"n","path":"/p","service":"s"}}"#
        #expect(RunJournal(Array("\(old)\n".utf8)).steps.first?.stage == ".picjobs-x")
        // Whatever order and spaces another writer uses.
        #expect(
            RunJournal(Array("{ \"time\": \"2026-01-01T00:00:00Z\", \"step\": \"recover\" }\n".utf8)).faults.isEmpty)
        let others = [
            ("\"stage\"", "\"stagf\""), ("swap-out", "swap-owt"), ("\"volume\"", "\"volune\""),
            ("\"path\"", "\"patj\""),
            ("{\"stage", "{\"v\":2,\"stage"), ("{\"stage", "{\"v\":null,\"stage"), ("{\"stage", "{\"stage\":1,\"stage"),
            ("\".picjobs-x\"", "7"), ("2026-01-01T", "2026-01-41T"), ("{\"stage", "{\"sum\":\"0\",\"stage"),
        ]
        for (word, other) in others {
            let journal = RunJournal(Array((old.replacing(word, with: other) + "\n").utf8))
            #expect(journal.faults.count == 1 && journal.steps.isEmpty, "\(other)")
        }
    }

    @Test("What is appended behind a torn line takes its place")
    func behindTornLine() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            let record = try KilledRecord(in: cell, .restore, [RunStep(.check, RestoreCell.place)])
            try await Tool.run(["bash", "-c", "printf '{\"step\":\"sw' >> '\(record.journal)'"])
            let (history, id) = (try RunHistory(try cell.cell.open()), try #require(RunID(KilledRecord.id)))
            try history.append(RunStep(.settled, RestoreCell.place), to: id)
            #expect(try history.steps(id).map(\.step) == [.recover, .check, .settled])
        }
    }

    @Test("A record of the version before formats had a number is read, and one of a later version is not")
    func summaries() throws {
        try TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            let record = try KilledRecord(in: cell, .verify, [])
            let file = URL(filePath: record.directory + "/run.json")
            let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
            let history = try RunHistory(try cell.cell.open())
            let forms: [(String, String, Bool)] = [
                ("  \"v\" : 1", "  \"v\" : 2", false), ("\"verify\"", "\"levitate\"", false),
                ("\"state\"", "\"stata\"", false), ("\"running\"", "\"runninh\"", false), (KilledRecord.id, "x", false),
                ("-00000a", "-00000b", false), ("\"process\"", "\"job\": 7, \"process\"", false),
                (",\n  \"v\" : 1", "", true),
            ]
            for (word, other, isUnderstood) in forms {
                #expect(text.contains(word), "\(word)")
                try Data(text.replacing(word, with: other).utf8).write(to: file)
                let run = try history.summary(try #require(RunID(KilledRecord.id)))
                #expect((run.state == .running) == isUnderstood, "\(other)")
                if !isUnderstood {
                    #expect(run.state == .unsettled && run.result?.contains("run.json") == true, "\(other)")
                }
            }
        }
    }
}
