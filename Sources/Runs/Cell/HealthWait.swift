internal import Containers

/// Waits until containers run and their health checks agree; one without a health check must stay up for a moment.
struct HealthWait<Name: Hashable & CustomStringConvertible> {
    private let limit: Duration
    private let conditions: ([Name]) async throws -> [Name: ContainerCondition]

    /// - Parameter conditions: asks how containers are; one that does not exist is left out.
    init(within limit: Duration, _ conditions: @escaping ([Name]) async throws -> [Name: ContainerCondition]) {
        self.limit = limit
        self.conditions = conditions
    }

    /// - Throws: ``RunError`` `.failed` that names the container and what is wrong with it.
    func run(_ containers: [Name]) async throws {
        let clock = ContinuousClock()
        let end = clock.now + limit
        let settling = Duration.seconds(2)
        var first: [Name: (restarts: Int, since: ContinuousClock.Instant)] = [:]
        var pause = Duration.milliseconds(100)
        while true {
            let conditions = try await conditions(containers)
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
    fileprivate func fault(_ name: some CustomStringConvertible, restarts: Int) -> RunError? {
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
