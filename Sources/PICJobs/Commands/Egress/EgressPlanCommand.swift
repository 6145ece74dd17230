import ArgumentParser
import Runs

struct EgressPlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Say what egress apply would change, and change nothing.",
        discussion:
            "Exit codes: 0 nothing to change, 1 failed, 2 changes pending, 3 nothing to change, but a service is "
            + "closed that should not be, 78 configuration.")

    @OptionGroup var global: GlobalOptions

    mutating func run() async throws {
        let cell = try global.openCell()
        let outcome = try await EgressRun(cell, observer: global.observer(), exitCode: ExitStatus.code).plan()
        try EgressView(outcome).show(global, unchanged: "nothing to change")
        if outcome.exitCode == ExitStatus.failed { throw ExitCode(outcome.exitCode) }
        if !outcome.changes.isEmpty { throw ExitCode(ExitStatus.pending) }
        if outcome.exitCode != 0 { throw ExitCode(outcome.exitCode) }
    }
}
