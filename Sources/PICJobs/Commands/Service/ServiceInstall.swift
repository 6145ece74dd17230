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

    @OptionGroup var flags: ServiceChangeFlags

    mutating func run() async throws {
        let cell = try global.openCell()
        let outcome = try await ServiceChanges(cell, observer: global.observer(), exitCode: ExitStatus.code)
            .install(ServiceChangeFlags.id(flags.service), from: flags.package(for: cell), flags.options)
        try ServiceOutcomeView(outcome, done: "installed").show(global)
    }
}
