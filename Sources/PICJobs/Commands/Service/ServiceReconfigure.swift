import ArgumentParser
import Registry
import Runs

struct ServiceReconfigure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconfigure", abstract: "Render a service's Compose file anew and apply it.",
        discussion: """
            Secrets and addresses stay. When a container does not become healthy, the files and containers of before come \
            back. Exit codes: 0 ok, 1 failed, 3 something is left to do, 64 usage, 65 the stored template breaks a rule, 75 \
            busy, 78 configuration, 130/143 cancelled.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The service's id.")
    var service: String

    @Option(name: .customLong("set"), help: ArgumentHelp("A value of its configuration.", valueName: "KEY=VALUE"))
    var settings: [String] = []

    @Flag(help: "Check everything, and change nothing.")
    var dryRun = false

    mutating func run() async throws {
        var options = ServiceOptions()
        options.settings = settings
        options.isDryRun = dryRun
        let outcome = try await ServiceChanges(
            try global.openCell(), observer: global.observer(), exitCode: ExitStatus.code
        ).reconfigure(try ServiceChangeFlags.id(service), options)
        try ServiceOutcomeView(outcome, done: "reconfigured").show(global)
    }
}
