import ArgumentParser
import Runs

struct ServiceRestart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart", abstract: "Restart a service's containers and wait until they are healthy.",
        discussion: "Exit codes: 0 ok, 1 failed, 75 busy, 78 configuration, 130/143 cancelled.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The service's id.")
    var service: String

    mutating func run() async throws {
        let outcome = try await ServiceChanges(
            try global.openCell(), observer: global.observer(), exitCode: ExitStatus.code
        ).restart(service)
        try ServiceOutcomeView(outcome, done: "restarted").show(global)
    }
}
