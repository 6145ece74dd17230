import ArgumentParser
import Registry
import Runs

struct ServiceUpdate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Bring the store's version of an installed service, or a package's.",
        discussion: """
            Its data is saved first. When the new version does not become healthy, the old one comes back by itself, with \
            its data. Exit codes: 0 ok, 1 failed, 3 updated, but something is left to do, 64 usage, 65 the package breaks \
            a rule, or is older, 75 busy, 78 configuration, 130/143 cancelled.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The service's id.")
    var service: String

    @OptionGroup var source: ServiceSource

    @Option(name: .customLong("set"), help: ArgumentHelp("A value of its configuration.", valueName: "KEY=VALUE"))
    var settings: [String] = []

    @Flag(help: "Take a version that is older than the installed one.")
    var allowDowngrade = false

    @Flag(help: "Save no data first: then an update that fails can't bring it back.")
    var noSnapshot = false

    @Flag(help: "Run the package's install.sh, confined to the service's own directories.")
    var allowInstallScript = false

    @Flag(help: "Check everything, and change nothing.")
    var dryRun = false

    mutating func run() async throws {
        let cell = try global.openCell()
        var options = ServiceOptions()
        options.settings = settings
        options.allowsDowngrade = allowDowngrade
        options.withoutSnapshot = noSnapshot
        options.runsInstallScript = allowInstallScript
        options.isDryRun = dryRun
        let id = try ServiceSource.id(service)
        let outcome = try await ServiceChanges(cell, observer: global.observer(), exitCode: ExitStatus.code)
            .update(id, from: try await source.package(id, for: cell), options)
        try ServiceOutcomeView(outcome, done: "updated").show(global)
    }
}
