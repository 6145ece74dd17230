internal import Archive
internal import FoundationEssentials
internal import Glibc
internal import SystemPackage

/// All runs of a cell that are still on record.
public struct RunHistory: Sendable {
    private let runs: Directory?

    /// Opens `data/runs`; a cell without one has no history.
    public init(_ cell: Cell) throws {
        runs = try cell.root.directoryIfPresent("data/runs")
    }

    /// Every readable record, the newest first.
    public func summaries() throws -> [RunSummary] {
        guard let runs else { return [] }
        return try runs.list().compactMap { entry in
            guard let id = RunID(String(decoding: entry.name, as: UTF8.self)),
                let directory = try runs.directoryIfPresent(try id.path)
            else { return nil }
            return try? Self.summary(directory)
        }.sorted { $0.id.text > $1.id.text }
    }

    /// One run's summary.
    public func summary(_ id: RunID) throws -> RunSummary { try Self.summary(try directory(id)) }

    /// One run's journal in order; a torn last line (a kill while it was written) is left out.
    public func steps(_ id: RunID) throws -> [RunStep] { try Self.steps(try directory(id)) }

    static func steps(_ directory: Directory) throws -> [RunStep] {
        let bytes = try directory.readFile("steps.jsonl", limit: 64 << 20)
        let decoder = JSONDecoder()
        return bytes.split(separator: 0x0A).compactMap { try? decoder.decode(RunStep.self, from: Data($0)) }
    }

    /// Runs that never ended (their process was killed, for whoever asks holds the cell's lock), and those that left a
    /// volume in between.
    func unfinished(except own: RunID) throws -> [RunSummary] {
        try summaries().filter {
            ($0.state == .running || $0.state == .unsettled) && $0.id != own && $0.kind.scope == .cell
        }
    }

    /// Marks the killed runs of a scope whose work needs nothing undone; whoever asks holds that lock.
    func markKilled(_ scope: CellLock.Scope, except own: RunID) throws {
        for run in try summaries() where run.state == .running && run.id != own && run.kind.scope == scope {
            try markInterrupted(run, result: "killed; the next run reads anew how everything stands")
        }
    }

    /// Journals what recovery does on behalf of a run that has ended, in that run's own journal.
    func append(_ step: RunStep, to id: RunID) throws {
        let directory = try directory(id)
        // A kill may have torn the last line: ours begins on a new one.
        let bytes = try directory.readFile("steps.jsonl", limit: 64 << 20)
        let path = directory.path + "/steps.jsonl"
        let number = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW)
        guard number >= 0 else { throw RunError(.failed, "cannot open \(path): \(Errno(rawValue: errno))") }
        let descriptor = FileDescriptor(rawValue: number)
        defer { close(number) }
        if let last = bytes.last, last != 0x0A { try descriptor.writeAll([0x0A]) }
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

    /// Removes records that ended more than `days` ago, and directories that a kill left without a record.
    func removeOld(days: Int, except own: RunID) throws {
        guard let runs else { return }
        let limit = Timestamp.now.seconds - Int64(days) * 86_400
        for entry in try runs.list() {
            guard let id = RunID(String(decoding: entry.name, as: UTF8.self)), id != own else { continue }
            let directory = try runs.directory(try id.path)
            guard try directory.status("run.json") != nil else {
                // A run of the other lock may be writing its record right now.
                if try directory.status().modified.seconds < Timestamp.now.seconds - 3600 {
                    try runs.removeTree(try id.path)
                }
                continue
            }
            try directory.removeTemporaries()
            if let summary = try? Self.summary(directory), summary.state != .unsettled, let end = summary.finished,
                end.seconds < limit
            {
                try runs.removeTree(try id.path)
            }
        }
    }

    private func directory(_ id: RunID) throws -> Directory {
        guard let directory = try runs?.directoryIfPresent(try id.path) else {
            throw RunError(.failed, "there is no run \(id); jobs history lists them")
        }
        return directory
    }

    static func summary(_ directory: Directory) throws -> RunSummary {
        let bytes = try directory.readFile("run.json", limit: 1 << 20)
        do {
            return try JSONDecoder().decode(RunSummary.self, from: Data(bytes))
        } catch {
            throw RunError(.failed, "\(directory.path)/run.json is no run record: \(error)", underlying: error)
        }
    }

    static func write(_ summary: RunSummary, to directory: Directory) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try directory.writeAtomically("run.json", Array(try encoder.encode(summary)) + [0x0A], mode: 0o600)
    }
}
