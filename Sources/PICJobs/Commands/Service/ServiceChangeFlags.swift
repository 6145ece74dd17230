import ArgumentParser
import Registry
import Runs

/// What `service install` and `service update` have in common.
struct ServiceChangeFlags: ParsableArguments {
    @Argument(help: "The service's id.")
    var service: String

    @Option(help: ArgumentHelp("A package's file or directory, instead of the store.", valueName: "path"))
    var from: String?

    @Option(name: .customLong("set"), help: ArgumentHelp("A value of its configuration.", valueName: "KEY=VALUE"))
    var settings: [String] = []

    @Flag(help: "Run the package's install.sh, confined to the service's own directories.")
    var allowInstallScript = false

    @Flag(help: "Check everything, and change nothing.")
    var dryRun = false

    var options: ServiceOptions {
        var options = ServiceOptions()
        options.settings = settings
        options.runsInstallScript = allowInstallScript
        options.isDryRun = dryRun
        return options
    }

    /// The service that a person named.
    static func id(_ text: String) throws -> ServiceID {
        guard let id = ServiceID(text) else { throw RunError(.usage, "\"\(text)\" is not \(ServiceID.rule)") }
        return id
    }

    /// Reads the package.
    func package(for cell: Cell) async throws -> FetchedPackage {
        if let from { return try Store.read(from) }
        return try await Store(cell.config.store).package(try Self.id(service))
    }
}
