import ArgumentParser
import Netfilter
import Runs

struct EgressReset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset", abstract: "Take away all that egress programmed: services are OPEN afterwards.",
        discussion: """
            Tables, rules, routes and default routes of ours go; nothing else is touched. A watcher that runs stays \
            quiet until the next egress apply or set. Exit codes: 0 ok, 1 failed, 3 something could not be taken away, \
            64 without --yes, 75 another run changes the network, 78 configuration.
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(help: "Yes, open the services.")
    var yes = false

    @Flag(help: "Say what stands there, and take nothing away.")
    var dryRun = false

    mutating func run() async throws {
        let cell = try global.openCell()
        if dryRun {
            let overview = try await EgressOverview(cell)
            let open = overview.status.containers.filter(\.isSteered).map(\.name)
            if global.json {
                try Output.json(["would_open": open])
            } else if !global.quiet {
                Output.data(
                    open.isEmpty ? "nothing of ours is programmed" : "would open: " + open.joined(separator: ", "))
            }
            return
        }
        guard yes else {
            throw RunError(
                .usage, "egress reset opens every service: its packets leave by the cell's own line; say --yes if so")
        }
        let (run, outcome) = try await EgressRun(cell, observer: global.observer(), exitCode: ExitStatus.code).reset()
        try EgressView(outcome, run: run).show(global, unchanged: "there was nothing of ours")
        Output.talk("picjobs: services are open now: their packets leave by the cell's own line")
        if outcome.exitCode != 0 { throw ExitCode(outcome.exitCode) }
    }
}
