public import Archive
internal import FoundationEssentials
internal import Glibc
internal import SystemPackage

/// What `run.json` holds: one execution of a job or command.
public struct RunSummary: Sendable, Codable {
    /// How it stands.
    public enum State: String, Sendable, Codable {
        /// Under way; after a kill it stays so until the next run finds it.
        case running
        /// Ended by itself.
        case ended
        /// Killed; the next run finished or undid what it had begun.
        case interrupted
        /// Ended, but a volume is in between: the next run finishes or undoes that.
        case unsettled
    }

    /// The run's id.
    public let id: RunID
    /// What it is.
    public let kind: RunKind
    /// The job that was run; nil for a command.
    public var job: String?
    /// How it stands.
    public var state = State.running
    /// When it began.
    public let started: Timestamp
    /// When it ended.
    public var finished: Timestamp?
    /// Its exit code.
    public var exitCode: Int32?
    /// The snapshot it wrote or used.
    public var snapshot: String?
    /// One sentence.
    public var result: String?
    /// The process, for `jobs cancel`.
    public var process: Int32

    enum CodingKeys: String, CodingKey {
        case id, kind, job, state, started, finished, snapshot, result, process
        case exitCode = "exit_code"
    }
}

/// A run's directory below `data/runs`: `run.json`, `steps.jsonl` and `log`.
public final class RunRecord: Sendable {
    /// The run's id.
    public let id: RunID
    /// The directory, open.
    let directory: Directory
    private let steps: FileDescriptor

    /// Makes the directory and writes `run.json` with the state `running`.
    public init(_ cell: Cell, id: RunID, kind: RunKind, job: String? = nil) throws {
        self.id = id
        let runs = try cell.root.createDirectories("data/runs", mode: 0o700)
        directory = try runs.createDirectory(try id.path, mode: 0o700)
        steps = try directory.createFile("steps.jsonl", mode: 0o600)
        try write(
            RunSummary(id: id, kind: kind, job: job, started: .now, process: getpid()))
        try runs.sync()
    }

    deinit { close(steps.rawValue) }

    /// Journals a step: appended and synced before this returns.
    public func begin(_ step: RunStep) throws {
        try Self.append(step, to: steps, directory.path)
    }

    /// What this run has journaled so far.
    func journal() throws -> [RunStep] { try RunHistory.steps(directory) }

    static func append(_ step: RunStep, to steps: FileDescriptor, _ place: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var line = Array(try encoder.encode(step))
        line.append(0x0A)
        try steps.writeAll(line)
        guard fdatasync(steps.rawValue) == 0 else {
            throw RunError(.failed, "cannot write the journal \(place)/steps.jsonl: \(Errno(rawValue: errno))")
        }
    }

    /// Adds a line to the run's log.
    public func log(_ line: String) throws {
        let path = directory.path + "/log"
        let number = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard number >= 0 else { throw RunError(.failed, "cannot open \(path): \(Errno(rawValue: errno))") }
        let descriptor = FileDescriptor(rawValue: number)
        defer { close(number) }
        try descriptor.writeAll(Array("\(Timestamp.now) \(line)\n".utf8))
    }

    /// Writes how the run ended.
    public func end(exitCode: Int32, snapshot: String?, result: String) throws {
        var summary = try RunHistory.summary(directory)
        summary.state = try RunHistory.steps(directory).areSettled ? .ended : .unsettled
        summary.finished = .now
        summary.exitCode = exitCode
        summary.snapshot = snapshot
        summary.result = result
        try write(summary)
    }

    private func write(_ summary: RunSummary) throws { try RunHistory.write(summary, to: directory) }
}
