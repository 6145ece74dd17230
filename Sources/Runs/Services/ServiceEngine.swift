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
    /// Waits until containers run and their health checks agree; one without a health check must stay up for a moment.
    ///
    /// - Throws: ``RunError`` `.failed` that names the container and what is wrong with it.
    func waitUntilHealthy(_ containers: [Registry.ContainerName], within limit: Duration) async throws {
        let clock = ContinuousClock()
        let end = clock.now + limit
        let settling = Duration.seconds(2)
        var first: [Registry.ContainerName: (restarts: Int, since: ContinuousClock.Instant)] = [:]
        var pause = Duration.milliseconds(100)
        while true {
            let conditions = try await conditions(of: containers)
            var waiting: String?
            for name in containers {
                guard let condition = conditions[name] else {
                    throw RunError(.failed, "container \(name) was not made; does the template name it?")
                }
                let seen = first[name] ?? (condition.restarts, clock.now)
                first[name] = seen
                if let fault = condition.fault(name, restarts: condition.restarts - seen.restarts) { throw fault }
                switch condition.health {
                case .healthy: continue
                case .none where condition.isRunning && clock.now - seen.since >= settling: continue
                default: waiting = waiting ?? "\(name) is \(condition.word)"
                }
            }
            guard let reason = waiting else { return }
            guard clock.now < end else {
                throw RunError(
                    .failed,
                    "after \(limit) \(reason) and not healthy; health_timeout in config/picjobs.yml says how long "
                        + "to wait")
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(1))
        }
    }
}

extension ContainerCondition {
    /// What is wrong with it for good; nil while there is hope.
    fileprivate func fault(_ name: Registry.ContainerName, restarts: Int) -> RunError? {
        let logs = "look at: docker logs \(name)"
        if health == .unhealthy {
            let words = lastCheck.isEmpty ? "" : " (\(lastCheck.prefix(200)))"
            return RunError(.failed, "container \(name) is unhealthy\(words); \(logs)")
        }
        if restarts >= 3 || isRestarting && exitCode != 0 && restarts >= 2 {
            return RunError(.failed, "container \(name) ends again and again, with status \(exitCode); \(logs)")
        }
        if !isRunning, !isRestarting {
            return RunError(.failed, "container \(name) has ended with status \(exitCode); \(logs)")
        }
        return nil
    }
}
