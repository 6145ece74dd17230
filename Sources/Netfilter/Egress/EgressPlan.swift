/// Which way the packets of every service go: a value, from which the state of the gateway's namespace follows.
public struct EgressPlan: Sendable {
    /// The gateway's surroundings.
    public struct Gateway: Sendable {
        /// The addresses that services have; packets of anybody else are not ours.
        public var pool: IPv4Range
        /// The gateway's own address on the cell's network.
        public var address: IPv4Address
        /// Its link to the cell's network.
        public var bridge: InterfaceName
        /// Its link to the outside; may be the same as ``bridge``.
        public var wan: InterfaceName
        /// The link behind which the cell's peers are.
        public var peers: InterfaceName
        /// The tunnels' links, whether they are there or not.
        public var tunnels: [Exit: InterfaceName]
        /// The resolver of each exit; a query by an exit without one is dropped. Tor has its own.
        public var resolvers: [Exit: IPv4Address]

        public init(
            pool: IPv4Range, address: IPv4Address, bridge: InterfaceName, wan: InterfaceName, peers: InterfaceName,
            tunnels: [Exit: InterfaceName], resolvers: [Exit: IPv4Address] = [:]
        ) {
            self.pool = pool
            self.address = address
            self.bridge = bridge
            self.wan = wan
            self.peers = peers
            self.tunnels = tunnels
            self.resolvers = resolvers
        }
    }

    public let gateway: Gateway
    public let services: [EgressService]

    /// - Throws: ``NetfilterError`` `.invalid`, whose message names every fault: an address outside the pool, one that
    ///   two services have, an inbound port on a foreign address, a tunnel that is also another link.
    public init(gateway: Gateway, services: [EgressService]) throws(NetfilterError) {
        let faults = Self.faults(gateway, services)
        guard faults.isEmpty else {
            throw NetfilterError(.invalid, "the egress plan is refused: " + faults.joined(separator: "; "))
        }
        self.gateway = gateway
        self.services = services
    }

    private static func faults(_ gateway: Gateway, _ services: [EgressService]) -> [String] {
        var faults: [String] = []
        var owners: [IPv4Address: String] = [:]
        for service in services {
            if service.addresses.isEmpty { faults.append("\(service.id) has no address") }
            for address in service.addresses {
                if !gateway.pool.contains(address) {
                    faults.append("\(address) of \(service.id) lies outside the pool \(gateway.pool)")
                }
                if let other = owners.updateValue(service.id, forKey: address) {
                    faults.append("\(address) belongs to \(other) and to \(service.id)")
                }
            }
            for address in service.inbound.keys.sorted() where !service.addresses.contains(address) {
                faults.append("\(service.id) opens ports on \(address), which is not its own")
            }
        }
        if gateway.pool.contains(gateway.address) {
            faults.append("the gateway's address \(gateway.address) lies in the services' pool \(gateway.pool)")
        }
        let others = [gateway.bridge, gateway.wan, gateway.peers]
        for (exit, link) in gateway.tunnels.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            if exit == .default || exit == .tor { faults.append("the exit \(exit) has no tunnel") }
            if others.contains(link) {
                faults.append("the tunnel \(link) of \(exit) is one of the gateway's own links")
            }
        }
        if Set(gateway.tunnels.values).count < gateway.tunnels.count { faults.append("two exits have the same tunnel") }
        if gateway.peers == gateway.bridge || gateway.peers == gateway.wan {
            faults.append("the peers' link \(gateway.peers) is also the bridge side or the WAN side")
        }
        return faults
    }
}
