public import Archive
internal import FoundationEssentials
internal import Glibc
internal import Synchronization
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

    /// The number of `run.json`'s format; nil, as in records of the version before there was one, is 0.
    var version: Int? = RunSummary.currentFormat
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
        case version = "v"
    }

    static let currentFormat = 1

    var format: Int { version ?? 0 }
}

/// A run's directory below `data/runs`: `run.json`, `steps.jsonl` and `log`.
public final class RunRecord: Sendable {
    /// The run's id.
    public let id: RunID
    /// The directory, open.
    let directory: Directory
    private let steps: FileDescriptor

    /// Makes the directory with `run.json`, which has the state `running`, and a journal with its first line.
    ///
    /// It gets its name last: one that has a run's name was whole once.
    public init(_ cell: Cell, id: RunID, kind: RunKind, job: String? = nil) throws {
        let made = try Self.make(cell, RunSummary(id: id, kind: kind, job: job, started: .now, process: getpid()))
        self.id = id
        directory = made.directory
        steps = made.steps
        unwritten = Mutex(nil)
    }

    private static func make(_ cell: Cell, _ summary: RunSummary) throws -> (
        directory: Directory, steps: FileDescriptor
    ) {
        let runs = try cell.root.createDirectories("data/runs", mode: 0o700)
        let unnamed = try RelativePath("\(unnamedPrefix)\(summary.id)")
        let made = try runs.createDirectory(unnamed, mode: 0o700)
        do {
            try made.claim()
            let steps = try made.createFile(RunJournal.file, mode: 0o600)
            do {
                try append(RunStep(.recover), to: steps, made.path)
                try RunHistory.write(summary, to: made)
                try runs.rename(unnamed, to: summary.id.path, replacing: false)
                try runs.sync()
                return (try runs.directory(try summary.id.path), steps)
            } catch {
                close(steps.rawValue)
                throw error
            }
        } catch {
            try runs.removeTree(unnamed)
            throw error
        }
    }

    /// What the names of records begin with that are being made.
    static let unnamedPrefix = ".new-"

    deinit { close(steps.rawValue) }

    /// Journals a step: appended and synced before this returns.
    public func begin(_ step: RunStep) throws {
        try Self.append(step, to: steps, directory.path)
    }

    /// What this run has journaled so far.
    func journal() throws -> [RunStep] { try RunHistory.steps(directory) }

    /// Writes and syncs a line, whole or not at all: behind half a one, the next would not be understood either.
    static func append(_ step: RunStep, to steps: FileDescriptor, _ place: String) throws {
        let line = try JournalLine.bytes(of: step)
        let end = try steps.seek(offset: 0, from: .end)
        do {
            try steps.writeAll(line)
            guard fdatasync(steps.rawValue) == 0 else { throw Errno(rawValue: errno) }
        } catch {
            ftruncate(steps.rawValue, off_t(end))
            throw RunError(.failed, "cannot write the journal \(place)/\(RunJournal.file): \(error)", underlying: error)
        }
    }

    /// Adds a line to the run's log. That it could not be is no reason to stop: ``fault`` says so.
    public func log(_ line: String) {
        do {
            let descriptor = try directory.openAppending("log", mode: 0o600)
            defer { close(descriptor.rawValue) }
            try descriptor.writeAll(Array("\(Timestamp.now) \(line)\n".utf8))
        } catch {
            unwritten.withLock { $0 = $0 ?? "\(directory.path)/log could not be written: \(error)" }
        }
    }

    private let unwritten: Mutex<String?>

    /// What could not be written of the log.
    var fault: String? { unwritten.withLock { $0 } }

    /// Writes how the run ended.
    public func end(exitCode: Int32, snapshot: String?, result: String) throws {
        var summary = try RunHistory.summary(directory)
        summary.state = try RunHistory.steps(directory).areSettled ? .ended : .unsettled
        summary.finished = .now
        summary.exitCode = exitCode
        summary.snapshot = snapshot
        summary.result = result
        try RunHistory.write(summary, to: directory)
    }

}
