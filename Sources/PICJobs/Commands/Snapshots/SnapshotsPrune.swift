import Archive
import ArgumentParser
import Runs

struct SnapshotsPrune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Remove the snapshots that no rule keeps.",
        discussion: """
            The newest ok archive of every volume stays whatever the rules say; safety snapshots obey --keep-safety only. \
            Exit codes: 0 ok, 1 failed, 64 no rule was given, 75 another run holds the cell.
            """)

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("Keep the newest N.", valueName: "n")) var keepLast: Int?
    @Option(help: ArgumentHelp("Keep the newest of each of N hours.", valueName: "n")) var keepHourly: Int?
    @Option(help: ArgumentHelp("… of each of N days.", valueName: "n")) var keepDaily: Int?
    @Option(help: ArgumentHelp("… of each of N weeks.", valueName: "n")) var keepWeekly: Int?
    @Option(help: ArgumentHelp("… of each of N months.", valueName: "n")) var keepMonthly: Int?
    @Option(help: ArgumentHelp("… of each of N years.", valueName: "n")) var keepYearly: Int?
    @Option(help: ArgumentHelp("Keep the newest N safety snapshots.", valueName: "n")) var keepSafety: Int?

    @Flag(help: "Only say what would go.") var dryRun = false

    func validate() throws {
        let counts = [keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly, keepSafety].compactMap {
            $0
        }
        guard !counts.isEmpty else { throw ValidationError("name at least one --keep-… rule") }
        guard counts.allSatisfy({ $0 >= 0 }) else { throw ValidationError("a --keep-… rule takes a number from 0 on") }
    }

    private struct Object: Encodable {
        struct Decision: Encodable {
            let id: String
            let keep: Bool
            let reasons: [String]
        }

        let dry_run: Bool
        let snapshots: [Decision]
        let damaged: [String]
    }

    mutating func run() async throws {
        let policy = RetentionPolicy(
            keepLast: keepLast, keepHourly: keepHourly, keepDaily: keepDaily, keepWeekly: keepWeekly,
            keepMonthly: keepMonthly, keepYearly: keepYearly, keepSafety: keepSafety)
        let (cell, isDry) = (try global.openCell(), dryRun)
        let outcome: Pruning.Outcome
        if isDry {
            outcome = try Pruning.run(cell, policy: policy, dryRun: true)
        } else {
            outcome = try await RunSession.perform(
                cell, kind: .prune, observer: global.observer(), exitCode: ExitStatus.code
            ) { session in
                try session.record.begin(RunStep(.prune))
                let outcome = try Pruning.run(cell, policy: policy, dryRun: false)
                let result = "removed \(outcome.removed) of \(outcome.decisions.count) snapshots"
                return (outcome, .init(exitCode: 0, result: result))
            }
        }
        for line in outcome.damaged { Output.talk("picjobs: warning: \(line)") }
        if global.json {
            try Output.json(
                Object(
                    dry_run: isDry,
                    snapshots: outcome.decisions.map { .init(id: "\($0.id)", keep: $0.isKept, reasons: $0.reasons) },
                    damaged: outcome.damaged))
        } else if !global.quiet {
            for decision in outcome.decisions {
                let word = decision.isKept ? "keep" : isDry ? "would remove" : "removed"
                let why = decision.isKept ? " (\(decision.reasons.joined(separator: ", ")))" : ""
                Output.data("\(word) \(decision.id)\(why)")
            }
        }
    }
}
