import ArgumentParser
import Registry
import Runs

struct ServiceInstall: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install", abstract: "Install a service from the store, or from a package.",
        discussion: """
            It happens whole or not at all: a failure, or a kill in the middle, leaves everything as it was. Exit codes: 0 \
            ok, 1 failed, 3 installed, but something is left to do, 64 usage, 65 the package breaks a rule, or the service \
            is installed already, 75 busy, 78 configuration, 130/143 cancelled.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The service's id.")
    var service: String

    @OptionGroup var source: ServiceSource

    @Option(name: .customLong("set"), help: ArgumentHelp("A value of its configuration.", valueName: "KEY=VALUE"))
    var settings: [String] = []

    @Flag(help: "Run the package's install.sh, confined to the service's own directories.")
    var allowInstallScript = false

    @Flag(help: "Check everything, and change nothing.")
    var dryRun = false

    mutating func run() async throws {
        let cell = try global.openCell()
        var options = ServiceOptions()
        options.settings = settings
        options.runsInstallScript = allowInstallScript
        options.isDryRun = dryRun
        let id = try ServiceSource.id(service)
        let outcome = try await ServiceChanges(cell, observer: global.observer(), exitCode: ExitStatus.code)
            .install(id, from: try await source.package(id, for: cell), options)
        try ServiceOutcomeView(outcome, done: "installed").show(global)
    }
}
