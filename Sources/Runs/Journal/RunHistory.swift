internal import Archive
internal import FoundationEssentials
internal import Glibc
internal import Registry
internal import SystemPackage

/// All runs of a cell that are still on record.
public struct RunHistory: Sendable {
    private let runs: Directory?

    /// Opens `data/runs`; a cell without one has no history.
    public init(_ cell: Cell) throws {
        runs = try cell.root.directoryIfPresent("data/runs")
    }

    /// Every record, the newest first; one that is not understood has the state `unsettled`, and says why.
    public func summaries() throws -> [RunSummary] { try records().map(\.shown) }

    /// One run's summary.
    public func summary(_ id: RunID) throws -> RunSummary { try record(id).shown }

    /// One run's journal as far as it is understood.
    public func journal(_ id: RunID) throws -> RunJournal {
        guard let runs, try runs.status(id.path) != nil else { throw Self.absent(id) }
        return RecordedRun(id, in: runs, isWhole: true).journal
    }

    /// One run's journal in order; an incomplete last line (a kill while it was written) is left out.
    ///
    /// - Throws: where any other line is not understood.
    public func steps(_ id: RunID) throws -> [RunStep] { try Self.steps(try directory(id)) }

    static func steps(_ directory: Directory) throws -> [RunStep] {
        let journal = RunJournal(in: directory, isNumbered: false)
        if let fault = journal.faults.first {
            throw RunError(.failed, "\(directory.path)/\(RunJournal.file) is not understood: \(fault)")
        }
        return journal.steps
    }

    /// Everything that has a run's name, the newest first.
    func records() throws -> [RecordedRun] {
        guard let runs else { return [] }
        return try runs.list().compactMap { RunID(String(decoding: $0.name, as: UTF8.self)) }
            .sorted { $0.text > $1.text }.map { RecordedRun($0, in: runs) }
    }

    func record(_ id: RunID) throws -> RecordedRun {
        guard let runs, try runs.status(id.path) != nil else {
            throw Self.absent(id)
        }
        return RecordedRun(id, in: runs)
    }

    /// Runs that never ended (their process was killed, for whoever asks holds the cell's lock), and those that left a
    /// volume in between; without those whose record is not understood.
    func unfinished(except own: RunID) throws -> [RunSummary] {
        try records().filter { $0.isUnderstood && $0.id != own }.compactMap(\.summary).filter {
            ($0.state == .running || $0.state == .unsettled) && $0.kind.scope == .cell
        }
    }

    /// Runs whose record is not understood.
    func unclear() throws -> [UnclearRun] { try records().filter { !$0.isUnderstood }.map(UnclearRun.init) }

    /// Snapshots with which what an unfinished run has begun is undone, each with the run.
    func waysBack() throws -> [SnapshotID: RunID] {
        var held: [SnapshotID: RunID] = [:]
        for run in try records() where run.summary?.kind.scope == .cell {
            for step in run.journal.steps {
                for name in [step.safety, step.change?.snapshot] {
                    if let id = name.flatMap({ SnapshotID($0) }) { held[id] = run.id }
                }
            }
        }
        return held
    }

    /// Marks the killed runs of a scope whose work needs nothing undone; whoever asks holds that lock.
    func markKilled(_ scope: CellLock.Scope, except own: RunID) throws {
        for run in try records() where run.isUnderstood && run.id != own {
            guard let summary = run.summary, summary.state == .running, summary.kind.scope == scope else { continue }
            try markInterrupted(summary, result: "killed; the next run reads anew how everything stands")
        }
    }

    /// Journals what recovery does on behalf of a run that has ended, in that run's own journal.
    func append(_ step: RunStep, to id: RunID) throws {
        let directory = try directory(id)
        let bytes = try directory.readFile(RunJournal.file, limit: RunJournal.limit)
        let descriptor = try directory.openAppending(RunJournal.file, mode: 0o600)
        defer { close(descriptor.rawValue) }
        // A kill may have torn the last line: ours takes its place.
        if let last = bytes.last, last != 0x0A {
            let whole = bytes.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
            guard ftruncate(descriptor.rawValue, off_t(whole)) == 0 else {
                throw RunError(
                    .failed, "cannot write \(directory.path)/\(RunJournal.file): \(Errno(rawValue: errno))")
            }
        }
        try RunRecord.append(step, to: descriptor, directory.path)
    }

    /// Marks a killed run as dealt with.
    func markInterrupted(_ run: RunSummary, result: String) throws {
        var summary = run
        summary.state = try Self.steps(try directory(run.id)).areSettled ? .interrupted : .unsettled
        summary.finished = .now
        summary.result = result
        try Self.write(summary, to: try directory(run.id))
    }

    /// Removes records that ended more than `days` ago, and those that a kill left while they were made.
    ///
    /// - Returns: a sentence for each that could not be removed: one bad record stops no run.
    func removeOld(days: Int, except own: RunID) throws -> [String] {
        guard let runs else { return [] }
        var faults: [String] = []
        func tried(_ work: () throws -> Void) { do { try work() } catch { faults.append("\(error)") } }
        let now = Timestamp.now.seconds
        let limit = now - Int64(clamping: min(days, 1_000_000)) * 86_400
        for entry in try runs.list() where entry.name.starts(with: RunRecord.unnamedPrefix.utf8) {
            tried { if try runs.isAbandoned(entry.path, after: 10) { try runs.removeTree(entry.path) } }
        }
        for run in try records() where run.isUnderstood && run.id != own {
            tried {
                let isOver = run.summary?.state == .ended || run.summary?.state == .interrupted
                if isOver, let end = run.summary?.finished, end.seconds < limit {
                    try runs.removeTree(try run.id.path)
                } else {
                    try runs.directory(try run.id.path).removeTemporaries()
                }
            }
        }
        return faults
    }

    /// Whether the cell has a record of the run.
    func knows(_ id: RunID) throws -> Bool { try runs?.status(id.path) != nil }

    func directory(_ id: RunID) throws -> Directory {
        guard let directory = try runs?.directoryIfPresent(try id.path) else {
            throw Self.absent(id)
        }
        return directory
    }

    private static func absent(_ id: RunID) -> RunError {
        RunError(.failed, "there is no run \(id); jobs history lists them")
    }

    static let summaryFile: RelativePath = "run.json"

    /// - Throws: where the file is not understood whole.
    static func summary(_ directory: Directory) throws -> RunSummary {
        let place = "\(directory.path)/\(summaryFile)"
        let bytes = try directory.readFile(summaryFile, limit: 1 << 20)
        guard let members = JSONMembers.read(bytes) else {
            throw RunError(.failed, "\(place) is damaged: it is no JSON object")
        }
        if let version = members["v"], version != .number("\(RunSummary.currentFormat)") {
            throw RunError(
                .failed, "\(place) has a format that this version does not know; use the version that wrote it")
        }
        let summary: RunSummary
        do {
            summary = try JSONDecoder().decode(RunSummary.self, from: Data(bytes))
        } catch {
            throw RunError(.failed, "\(place) is no run record: \(JournalLine.reason(error))", underlying: error)
        }
        guard JSONMembers.read(try Self.bytes(summary)) == members else {
            throw RunError(.failed, "\(place) has keys that this version does not know")
        }
        return summary
    }

    static func write(_ summary: RunSummary, to directory: Directory) throws {
        var summary = summary
        summary.version = RunSummary.currentFormat
        try directory.writeAtomically(summaryFile, try bytes(summary), mode: 0o600)
    }

    private static func bytes(_ summary: RunSummary) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(summary)) + [0x0A]
    }
}
