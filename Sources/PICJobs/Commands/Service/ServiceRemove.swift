import ArgumentParser
import Runs

struct ServiceRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a service: its route, containers, rules and addresses.",
        discussion: """
            Its volumes, configuration, secrets and backups stay, so that it can be installed again with all of them, \
            unless they are purged; what was kept is purged by installing it again and removing it with --purge. Exit \
            codes: 0 ok, 1 failed, 3 removed, but something is left to do, 75 busy, 78 configuration, 130/143 cancelled.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The service's id.")
    var service: String

    @Flag(
        help:
            "Remove its data, too: volumes, config_paths, configuration, secrets, accounts, and its part of every snapshot."
    )
    var purge = false

    @Flag(help: "Say whether it could be removed, and change nothing.")
    var dryRun = false

    mutating func run() async throws {
        let outcome = try await ServiceChanges(
            try global.openCell(), observer: global.observer(), exitCode: ExitStatus.code
        ).remove(service, purging: purge, isDryRun: dryRun)
        try ServiceOutcomeView(outcome, done: "removed").show(global)
    }
}
