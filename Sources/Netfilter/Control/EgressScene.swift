/// Who is behind which port of the host's bridge, at one moment.
struct EgressScene {
    /// A container's namespace with its plan.
    final class Steered {
        let container: EgressPlaces.Container
        let plan: SteeringPlan
        var sockets: SteeringSockets

        init(_ container: EgressPlaces.Container, _ plan: SteeringPlan, _ sockets: consuming SteeringSockets) {
            self.container = container
            self.plan = plan
            self.sockets = sockets
        }
    }

    private(set) var bridgeName: InterfaceName?
    /// The bridge's number on the host.
    private(set) var bridge: Int32?
    private var hostLinks: [Int32: Link] = [:]
    private(set) var gatewayPort: Int32?
    private(set) var ports: [GuardPlan.Port] = []
    /// The port of each container that has one.
    private(set) var portOf: [String: Int32] = [:]
    private(set) var steered: [Steered] = []

    mutating func lookAtHost(_ host: inout GuardSockets, _ name: InterfaceName) throws(NetfilterError) {
        let links = try host.links()
        guard let bridge = links.first(where: { $0.name == name.text }) else {
            throw NetfilterError(
                .notFound,
                "there is no bridge \(name) in \(host.namespace.path); host.bridge, or start the cell's network")
        }
        guard bridge.kind == "bridge" else {
            throw NetfilterError(.invalid, "\(name) in \(host.namespace.path) is no bridge; correct host.bridge")
        }
        bridgeName = name
        self.bridge = bridge.index
        hostLinks = Dictionary(links.map { ($0.index, $0) }) { first, _ in first }
    }

    mutating func lookAtGateway(_ gateway: inout GatewaySockets, _ plan: EgressPlan) throws(NetfilterError) {
        guard bridge != nil else { return }
        let address = plan.gateway.address
        guard let link = try gateway.link(with: address) else {
            throw NetfilterError(
                .notFound, "no link in \(gateway.namespace.path) has the gateway's address \(address); gateway.address")
        }
        gatewayPort = try port(of: link, "the gateway")
    }

    /// - Parameter others: the namespaces that no service may be in: its route must never be laid there.
    mutating func lookAtContainer(
        _ container: EgressPlaces.Container, _ plan: EgressPlan, others: Set<UInt64>
    ) throws(NetfilterError) {
        // A container that does not run sends nothing; when it starts, its port is unknown and so closed.
        guard let path = container.namespace else { return }
        let namespace = try NetworkNamespace(path: path)
        guard try !others.contains(namespace.identity()) else {
            throw NetfilterError(
                .invalid,
                "\(container.name) is in the network namespace of the host or of the gateway: nothing can keep it to "
                    + "an exit; connect it to the cell's network")
        }
        guard let address = container.address else {
            throw NetfilterError(
                .notFound, "nobody knows the address of \(container.name); give it a lease in data/ip_leases.json")
        }
        var sockets = try SteeringSockets(in: namespace)
        let link = try sockets.link(with: address)
        let exit = plan.exit(of: address)
        if bridge != nil, let link {
            let port = try port(of: link, container.name)
            portOf[container.name] = port
            ports.append(
                // One that the plan does not know is let in with no address at all.
                .init(link: port, address: exit == nil ? nil : address, isPrivate: exit != .default))
        }
        steered.append(Steered(container, SteeringPlan(address: address, gateway: plan.gateway.address), sockets))
    }

    /// The other end of a container's link: a port of the bridge, whose own other end is that link.
    private func port(of link: Link, _ owner: String) throws(NetfilterError) -> Int32 {
        guard let number = link.peer, let port = hostLinks[number], port.master == bridge, port.peer == link.index
        else {
            throw NetfilterError(
                .notFound,
                "the link \(link.name) of \(owner) is not connected to the bridge \(bridgeName?.text ?? ""): its "
                    + "packets can't be guarded")
        }
        return number
    }
}

extension EgressPlan {
    /// What the host is to hold for this plan.
    func guardPlan(bridge: InterfaceName, ports: [GuardPlan.Port], gatewayPort: Int32?) -> GuardPlan {
        GuardPlan(
            pool: gateway.pool, subnet: gateway.subnet, gatewayAddress: gateway.address, bridge: bridge, ports: ports,
            gatewayPort: gatewayPort)
    }
}
