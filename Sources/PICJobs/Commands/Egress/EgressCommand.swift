import ArgumentParser
import Runs

struct EgressCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "egress", abstract: "Which way each service's packets leave, and that they leave no other way.",
        subcommands: [
            EgressStatusCommand.self, EgressPlanCommand.self, EgressApply.self, EgressSet.self, EgressWatchCommand.self,
            EgressReset.self,
        ])
}

/// What a run of egress did: a line per change, one object for programs, a line on standard error for each problem.
struct EgressView {
    private let outcome: EgressOutcome
    private let run: RunID?

    init(_ outcome: EgressOutcome, run: RunID? = nil) {
        self.outcome = outcome
        self.run = run
    }

    private struct Object: Encodable {
        let run: String?
        /// How many changes are waiting; only where nothing is changed.
        let pending: Int?
        let changes: [EgressOutcome.Change]
        let findings: [String]
        let exit_code: Int32?
    }

    /// - Parameter unchanged: what is said when there is nothing to do.
    func show(_ global: GlobalOptions, unchanged: String) throws {
        for problem in outcome.problems { Output.talk("picjobs: \(problem)") }
        for finding in outcome.findings { Output.talk("picjobs: note: \(finding)") }
        if global.json {
            try Output.json(
                Object(
                    run: run?.text, pending: run == nil ? outcome.changes.count : nil, changes: outcome.changes,
                    findings: outcome.problems + outcome.findings, exit_code: run == nil ? nil : outcome.exitCode))
        } else if !global.quiet {
            for change in outcome.changes { Output.data("\(change.place): \(change.step)") }
            if outcome.changes.isEmpty { Output.data(unchanged) }
        }
    }
}
