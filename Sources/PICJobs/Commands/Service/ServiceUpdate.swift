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

    @OptionGroup var flags: ServiceChangeFlags

    @Flag(help: "Take a version that is older than the installed one.")
    var allowDowngrade = false

    @Flag(help: "Save no data first: then an update that fails can't bring it back.")
    var noSnapshot = false

    mutating func run() async throws {
        let cell = try global.openCell()
        var options = flags.options
        options.allowsDowngrade = allowDowngrade
        options.withoutSnapshot = noSnapshot
        let outcome = try await ServiceChanges(cell, observer: global.observer(), exitCode: ExitStatus.code)
            .update(ServiceChangeFlags.id(flags.service), from: flags.package(for: cell), options)
        try ServiceOutcomeView(outcome, done: "updated").show(global)
    }
}
