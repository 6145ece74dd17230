internal import Containers
internal import Registry
internal import SystemPackage

/// What a change of a service asks of whoever runs its containers. Everything can be asked again: what is so already
/// is no error.
protocol ServiceEngine: Sendable {
    /// How containers are; one that does not exist is left out.
    func conditions(
        of containers: [Registry.ContainerName]
    ) async throws -> [Registry.ContainerName: ContainerCondition]

    /// The names of the volumes that the service's project has.
    func volumes(of service: ServiceID) async throws -> [String]

    /// Addresses on the cell's network that something other than the service has, with its name.
    func addressesInUse(except service: ServiceID) async throws -> [String: String]

    /// Sees to it that the images are here. With `refreshing` the registry is asked for newer ones, too.
    /// - Returns: a sentence for each that could not be refreshed.
    func fetch(_ images: [String], refreshing: Bool) async throws -> [String]

    /// Gives images their names back.
    func restore(_ images: [String: String]) async throws

    /// Makes the containers what the file says, and starts them. With an idle file on top they run, and do nothing.
    func up(_ service: ServiceID, file: FilePath, idle: FilePath?) async throws

    /// Stops and removes the containers; with their anonymous volumes when it is `withData`.
    func down(_ service: ServiceID, withData: Bool) async throws

    func removeVolumes(_ names: [String]) async throws
}

extension ServiceEngine {
    /// Waits until containers run and their health checks agree.
    /// - Throws: ``RunError`` `.failed` that names the container and what is wrong with it.
    func waitUntilHealthy(_ containers: [Registry.ContainerName], within limit: Duration) async throws {
        try await HealthWait(within: limit) { try await conditions(of: $0) }.run(containers)
    }
}
