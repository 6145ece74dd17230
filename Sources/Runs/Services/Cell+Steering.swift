extension Cell {
    /// Whether there is a network whose packets can be steered.
    var isSteered: Bool { config.runtime == .docker || config.egress.gatewayNamespace != nil }

    /// The kernel lets every service's packets go where they may, and no others; needed whenever a container is new,
    /// because its network namespace knows no way out.
    /// - Returns: what is not as planned; the service is closed then, not open.
    func steer(
        observer: any RunObserver, exitCode: @escaping @Sendable (any Error) -> Int32
    ) async throws -> [String] {
        do {
            return try await EgressRun(self, observer: observer, exitCode: exitCode).apply().1.problems
        } catch let error as CancellationError {
            throw error
        } catch {
            return ["its packets are dropped until picjobs egress apply can be done: \(error)"]
        }
    }
}
