import ArgumentParser
import Runs

struct EgressApply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Bring gateway, host and services to the plan.",
        discussion: """
            Only what differs is changed, and every moment in between is closed. While egress watch runs, it does the \
            work. Exit codes: 0 ok, 1 the gateway or the host's guard failed, 3 a service is closed that should not be, \
            75 another run changes the network, 78 configuration, 130/143 cancelled.
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(help: "Only say what would change; as egress plan, but without its exit code 2.")
    var dryRun = false

    @Flag(
        help: "Only close the host, for the boot, before services start; ports that are known already stay as they are."
    )
    var guardOnly = false

    func validate() throws {
        if dryRun, guardOnly { throw ValidationError("--dry-run says what the whole of apply would change") }
    }

    mutating func run() async throws {
        let cell = try global.openCell()
        let egress = EgressRun(cell, observer: global.observer(), exitCode: ExitStatus.code)
        if dryRun {
            let outcome = try await egress.plan()
            try EgressView(outcome).show(global, unchanged: "nothing to change")
            if outcome.exitCode != 0 { throw ExitCode(outcome.exitCode) }
            return
        }
        let (run, outcome) = try await egress.apply(onlyGuard: guardOnly)
        try EgressView(outcome, run: run).show(global, unchanged: "nothing to change")
        if outcome.exitCode != 0 { throw ExitCode(outcome.exitCode) }
    }
}
