/// The surroundings of the gateway, the container whose namespace all services leave through.
public struct EgressGateway: Sendable {
    /// The addresses that services have; packets of anybody else are not ours.
    public var pool: IPv4Range
    /// The cell's network, in which ``pool`` lies.
    public var subnet: IPv4Prefix
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
        pool: IPv4Range, subnet: IPv4Prefix, address: IPv4Address, bridge: InterfaceName, wan: InterfaceName,
        peers: InterfaceName, tunnels: [Exit: InterfaceName], resolvers: [Exit: IPv4Address] = [:]
    ) {
        self.pool = pool
        self.subnet = subnet
        self.address = address
        self.bridge = bridge
        self.wan = wan
        self.peers = peers
        self.tunnels = tunnels
        self.resolvers = resolvers
    }

    /// What can't be a gateway, a sentence each.
    var faults: [String] {
        var faults: [String] = []
        if pool.contains(address) {
            faults.append("the gateway's address \(address) lies in the services' pool \(pool)")
        }
        if !subnet.contains(address) { faults.append("the gateway's address \(address) lies outside of \(subnet)") }
        if !subnet.contains(pool.first) || !subnet.contains(pool.last) {
            faults.append("the services' pool \(pool) lies outside of \(subnet)")
        }
        let others = [bridge, wan, peers]
        for (exit, link) in tunnels.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            if exit == .default || exit == .tor { faults.append("the exit \(exit) has no tunnel") }
            if others.contains(link) {
                faults.append("the tunnel \(link) of \(exit) is one of the gateway's own links")
            }
        }
        if Set(tunnels.values).count < tunnels.count { faults.append("two exits have the same tunnel") }
        if peers == bridge || peers == wan {
            faults.append("the peers' link \(peers) is also the bridge side or the WAN side")
        }
        return faults
    }
}
