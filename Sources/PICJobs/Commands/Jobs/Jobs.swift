import Archive
import ArgumentParser
import Runs

struct Jobs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run job files, look at what happened, put them on a timer.",
        subcommands: [
            JobsList.self, JobsRun.self, JobsHistory.self, JobsShow.self, JobsCancel.self, JobsRecover.self,
            JobsSettle.self,
            JobsInstallTimers.self,
        ])
}

/// A run's record in `--json`: the keys of `run.json`.
struct RunObject: Encodable {
    let id: String
    let kind: String
    let job: String?
    let state: String
    let started: Timestamp
    let finished: Timestamp?
    let exit_code: Int32?
    let snapshot: String?
    let result: String?
    let process: Int32

    init(_ run: RunSummary) {
        id = run.id.text
        kind = run.kind.rawValue
        job = run.job
        state = run.state.rawValue
        started = run.started
        finished = run.finished
        exit_code = run.exitCode
        snapshot = run.snapshot
        result = run.result
        process = run.process
    }
}

extension RunSummary {
    /// How it stands, in a word or with its exit code; `alive` are the runs that really hold a lock.
    func standing(alive: Set<RunID>) -> String {
        switch state {
        case .running: alive.contains(id) ? "running" : "killed"
        case .interrupted: "killed"
        case .unsettled: "unsettled"
        case .ended:
            switch exitCode {
            case 130, 143: "cancelled"
            case let code?: "exit \(code)"
            case nil: "ended"
            }
        }
    }

    /// How long it took; nil while nobody knows.
    var seconds: Double? { finished.map { Double($0.seconds - started.seconds) } }
}

extension RunningRun {
    /// The ids of the runs under way; without those that this user may not know of.
    static func ids(_ cell: Cell) -> Set<RunID> {
        Set(
            [CellLock.Scope.cell, .egress, .caddy].compactMap { scope in
                do { return try current(cell, scope: scope)?.id } catch { return nil }
            })
    }
}
