import Archive
import FoundationEssentials
import TestSupport
import Testing

@testable import Runs

/// The record of a run that was killed, made by hand in a cell of the local runtime.
struct KilledRecord {
    static let id = "20260101T000000Z-00000a"
    static let stage = ".picjobs-\(id)"

    let cell: RestoreCell
    var directory: String { "\(cell.cell.path)/data/runs/\(Self.id)" }
    var journal: String { directory + "/steps.jsonl" }

    /// Writes the record as the program does.
    init(in cell: RestoreCell, _ kind: RunKind, _ steps: [RunStep]) throws {
        self.cell = cell
        let record = try RunRecord(try cell.cell.open(), id: try #require(RunID(Self.id)), kind: kind)
        for step in steps { try record.begin(step) }
    }

    func lines() throws -> [[UInt8]] {
        try Array(Data(contentsOf: URL(filePath: journal))).split(separator: 0x0A).map(Array.init)
    }

    func write(_ lines: [[UInt8]]) throws {
        try Data(lines.flatMap { $0 + [0x0A] }).write(to: URL(filePath: journal))
    }

    /// The journals that are damaged: every kind of run, a restore at each of its steps.
    static let journals: [(RunKind, [RunStep])] = {
        let place = RestoreCell.place
        let step = { (kind: RunStep.Kind) in RunStep(kind, place, stage: stage, snapshot: "20250101T000000Z") }
        let before = [RunStep(.check, place), RunStep(.check, place), step(.stage), step(.compare)]
        var change = ServiceChange(kind: .update, service: "notes", run: id)
        change.snapshot = "20250101T000000Z"
        var install = ServiceChange(kind: .install, service: "notes", run: id)
        install.directories = ["data/notes"]
        let serviceSteps = [RunStep.Kind.pull, .reserve, .place, .start].map { RunStep($0) }
        return [
            (.restore, before), (.restore, before + [step(.swapOut)]),
            (.restore, before + [step(.swapOut), step(.swapIn)]),
            (.restore, before + [step(.swapOut), step(.swapIn), step(.sweep)]),
            (.restore, before + [RunStep(.fill, place, safety: "20250101T000000Z")]),
            (.restore, before + [step(.swapOut), step(.swapIn), step(.sweep), RunStep(.settled, place)]),
            (.backup, [RunStep(.read, place), RunStep(.decode, place), RunStep(.copy), RunStep(.publish)]),
            (.prune, [RunStep(.prune)]), (.verify, [RunStep(.verify)]),
            (.serviceInstall, [RunStep(install)] + serviceSteps), (.serviceUpdate, [RunStep(change)] + serviceSteps),
            (.serviceReconfigure, [RunStep(change)] + serviceSteps),
            (.serviceRemove, [RunStep(ServiceChange(kind: .remove, service: "notes", run: id)), RunStep(.place)]),
            (.serviceRestart, [RunStep(.start)]), (.egressApply, [RunStep(.network)]),
            (.egressSet, [RunStep(.save), RunStep(.network)]), (.egressReset, [RunStep(.network)]),
            (.caddyApply, [RunStep(.caddy)]), (.settle, []),
        ]
    }()
}

/// How a line is damaged.
enum LineDamage: CaseIterable {
    case flipped, cut, fromTheFuture, unknownStep, gone

    func apply(_ line: [UInt8]) throws -> [UInt8] {
        let text = String(decoding: line, as: UTF8.self)
        switch self {
        case .flipped:
            var line = line
            line[line.count / 2] ^= 1
            return line
        case .cut: return Array(line.prefix(line.count / 2))
        case .fromTheFuture: return Array(text.replacing("\"v\":1", with: "\"v\":2").utf8)
        case .unknownStep:
            // As a version writes it that knows this format and one more step.
            let end = ",\"sum\":\"0123456789abcdef\"}"
            let whole = text.replacing(#/"step":"[a-z-]+"/#, with: "\"step\":\"teleport\"")
            let kept = Array(whole.utf8.dropLast(end.utf8.count))
            return kept + Array(",\"sum\":\"\(SHA256.hash(kept).hex.prefix(16))\"}".utf8)
        case .gone: return []
        }
    }
}
