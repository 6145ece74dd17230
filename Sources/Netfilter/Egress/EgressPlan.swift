/// Which way the packets of every service go: a value, from which the state of three namespaces follows.
///
/// What is wrong with one service closes that service and is told in ``faults``; the others are not held up by it.
public struct EgressPlan: Sendable {
    public let gateway: EgressGateway
    /// The services without those that ``faults`` speaks of; of an address that is not here no packet passes.
    public let services: [EgressService]
    /// What is wrong with services, a sentence each.
    public let faults: [EgressFault]

    /// - Throws: ``NetfilterError`` `.invalid`, whose message names everything that is wrong with the gateway: an
    ///   address inside the pool, a tunnel that is also another link.
    public init(gateway: EgressGateway, services: [EgressService]) throws(NetfilterError) {
        let wrong = gateway.faults
        guard wrong.isEmpty else {
            throw NetfilterError(.invalid, "the egress plan is refused: " + wrong.joined(separator: "; "))
        }
        self.gateway = gateway
        let faults = Self.faults(gateway, services)
        self.faults = faults
        let closed = Set(faults.map(\.address))
        self.services = services.compactMap { service in
            let good = service.addresses.filter { !closed.contains($0) }
            guard !good.isEmpty else { return nil }
            return EgressService(
                id: service.id, addresses: good, exit: service.exit,
                // A service opens ports on its own addresses only.
                inbound: service.inbound.filter { good.contains($0.key) })
        }
    }

    /// The exit of an address; `nil` for one that is closed.
    public func exit(of address: IPv4Address) -> Exit? {
        services.first { $0.addresses.contains(address) }?.exit
    }

    private static func faults(_ gateway: EgressGateway, _ services: [EgressService]) -> [EgressFault] {
        var faults: [EgressFault] = []
        var owners: [IPv4Address: [String]] = [:]
        for service in services {
            for address in service.addresses {
                owners[address, default: []].append(service.id)
                guard !gateway.pool.contains(address) else { continue }
                faults.append(
                    EgressFault(
                        service: service.id, address: address,
                        "\(address) of \(service.id) lies outside the pool \(gateway.pool); give it a lease there"))
            }
        }
        for (address, ids) in owners.sorted(by: { $0.key < $1.key }) where ids.count > 1 {
            // Whose packets they are can't be told any more: both stay closed.
            faults += Set(ids).sorted().map { id in
                EgressFault(
                    service: id, address: address,
                    "\(address) belongs to \(ids.joined(separator: " and to ")); give each its own")
            }
        }
        return faults
    }
}

/// What keeps one address of a service closed.
public struct EgressFault: Hashable, Sendable {
    /// The service's id.
    public let service: String
    public let address: IPv4Address
    /// One sentence.
    public let message: String

    init(service: String, address: IPv4Address, _ message: String) {
        self.service = service
        self.address = address
        self.message = message
    }
}
