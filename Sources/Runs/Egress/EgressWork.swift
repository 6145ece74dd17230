internal import Archive
internal import Netfilter

/// What can be asked of whoever holds the sockets.
enum EgressRequest: String, Codable, Sendable {
    case converge
    case closeHost = "close-host"
    case reset
}

/// The sockets into the namespaces, and what is done with them. A watcher keeps one for as long as it lives.
final class EgressWork {
    let cell: Cell
    let control: EgressControl
    /// What was planned last.
    private(set) var inventory: EgressInventory?
    /// After a reset nothing is programmed until it is asked for.
    private(set) var isReset = false

    /// - Parameter isKeeper: The tables are to belong to it for as long as it lives.
    init(_ cell: Cell, isKeeper: Bool = false) {
        self.cell = cell
        control = EgressControl(isKeeper: isKeeper)
    }

    func perform(_ request: EgressRequest) async throws -> EgressOutcome {
        switch request {
        case .closeHost:
            let closing = try EgressInventory(closing: cell)
            return EgressOutcome(control.closeHost(closing.plan, in: closing.places), closing)
        case .converge:
            let inventory = try await takeStock()
            isReset = false
            let outcome = EgressOutcome(control.converge(to: inventory.plan, in: inventory.places), inventory)
            if !outcome.isGatewayLost { try EgressHistory.note(inventory.plan, in: cell) }
            return outcome
        case .reset:
            let inventory = try await takeStock()
            isReset = true
            let outcome = EgressOutcome(control.reset(inventory.plan, in: inventory.places), inventory)
            try EgressHistory.forget(in: cell)
            return outcome
        }
    }

    private func takeStock() async throws -> EgressInventory {
        let inventory = try await EgressInventory(cell)
        self.inventory = inventory
        return inventory
    }

    /// Repairs the gateway alone, without asking anybody where it is.
    func repairGateway() -> EgressOutcome? {
        guard let inventory, !isReset else { return nil }
        let report = control.convergeGateway(to: inventory.plan)
        var outcome = EgressOutcome(report, inventory)
        outcome.problems = report.problems.map { "\($0.place): \($0.message)" }
        return outcome
    }

    /// The namespaces to listen in, by the names of their places.
    /// - Throws: ``NetfilterError``.
    func namespaces() throws -> [String: NetworkNamespace] {
        var found: [String: NetworkNamespace] = [:]
        for container in inventory?.places.containers ?? [] {
            if let path = container.namespace { found[container.name] = try Self.openIfThere(path) }
        }
        found["gateway"] = control.namespaces.gateway
        found["host"] = control.namespaces.host
        return found
    }

    /// Nil for a container that has just ended.
    private static func openIfThere(_ path: String) throws -> NetworkNamespace? {
        do {
            return try NetworkNamespace(path: path)
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }
}
