import ArgumentParser
import Registry
import Runs

/// Where a service comes from.
struct ServiceSource: ParsableArguments {
    @Option(help: ArgumentHelp("A package's file or directory, instead of the store.", valueName: "path"))
    var from: String?

    /// The service that a person named.
    static func id(_ text: String) throws -> ServiceID {
        guard let id = ServiceID(text) else { throw RunError(.usage, "\"\(text)\" is not \(ServiceID.rule)") }
        return id
    }

    /// Reads the package.
    func package(_ id: ServiceID, for cell: Cell) async throws -> FetchedPackage {
        if let from { return try Store.read(from) }
        return try await Store(cell.config.store).package(id)
    }
}
