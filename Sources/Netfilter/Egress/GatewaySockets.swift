/// The open sockets into the gateway's namespace: reads its state, applies a change, and converges to a plan.
///
/// Keep it while the gateway is to be guarded: the table belongs to it, and `nft flush ruleset` of others passes an
/// owned table by.
public struct GatewaySockets: ~Copyable {
    public let namespace: NetworkNamespace
    private var routing: RouteSocket
    private var nftables: NftSocket
    private var flows: FlowSocket

    /// - Throws: ``NetfilterError`` when the namespace can't be entered.
    public init(in namespace: NetworkNamespace) throws(NetfilterError) {
        let routing = try RouteSocket(in: namespace)
        let nftables = try NftSocket(in: namespace)
        let flows = try FlowSocket(in: namespace)
        self.namespace = namespace
        self.routing = routing
        self.nftables = nftables
        self.flows = flows
    }

    /// Makes these sockets the owner of the table that an earlier program left.
    /// - Throws: ``NetfilterError``.
    mutating func own() throws(NetfilterError) { try nftables.own([EgressPlan.table]) }

    /// Reads all that a plan speaks of.
    /// - Throws: ``NetfilterError`` `.stale` when it changed while it was read, `.notFound` when the plan's link to the
    ///   cell's network is not there.
    public mutating func read(for plan: EgressPlan) throws(NetfilterError) -> GatewayState {
        let links = try routing.links()
        guard links.contains(where: { $0.name == plan.gateway.bridge.text }) else {
            throw NetfilterError(
                .notFound, "there is no link \(plan.gateway.bridge) in \(namespace.path); gateway.bridge_interface")
        }
        var routes: [Route] = []
        for family in AddressFamily.allCases {
            for table in EgressPlan.tables { routes += try routing.routes(family, table: table) }
        }
        let settings = try namespace.values(of: plan.settings.map(\.setting))
        let (held, generation) = try nftables.read(EgressPlan.table, sets: EgressPlan.sets)
        return GatewayState(
            ruleset: held, generation: generation, rules: try routing.rules(.ipv4), routes: routes, links: links,
            settings: settings)
    }

    /// Makes the steps of a change, in its order. What was made stays when a later step fails; every step leaves the
    /// exits closed or as they were.
    /// - Throws: ``NetfilterError`` `.stale`, before anything was done, when nftables changed since the state was read.
    public mutating func apply(_ change: GatewayChange) throws(NetfilterError) {
        try nftables.commit(change.batch, generation: change.generation)
        for route in change.addedRoutes { try routing.add(route) }
        for rule in change.addedRules { try routing.add(rule) }
        // A tunnel that came back with another number: its old route may stand in the new one's place.
        for route in change.removedRoutes { try routing.remove(route) }
        for route in change.openedRoutes { try routing.add(route) }
        for rule in change.removedRules { try routing.remove(rule) }
        // Whatever is cut here was closed by the rules before: this only lets its owner know at once.
        try flows.cut(change.cutSources)
        try namespace.set(change.settings)
    }

    /// Reads, compares and applies until the kernel holds what the plan says.
    /// - Returns: what was done, one line per step; empty when it was so already.
    /// - Throws: ``NetfilterError``; `.lost` when others change it as fast as it is repaired.
    @discardableResult
    public mutating func converge(to plan: EgressPlan) throws(NetfilterError) -> [String] {
        try Convergence.run("the gateway \(namespace.path)") { () throws(NetfilterError) in
            let change = try plan.change(from: read(for: plan))
            if !change.isEmpty { try apply(change) }
            return change.lines
        }
    }

    /// Whether the main table leads anywhere outside.
    mutating func hasDefaultRoute() throws(NetfilterError) -> Bool {
        try routing.routes(.ipv4, table: .main).contains { $0.destination.isAll }
    }

    /// What is in the way of the plan or beside it, a sentence each: foreign chains that drop, tables of iptables-legacy.
    /// - Throws: ``NetfilterError``.
    public mutating func strangers() throws(NetfilterError) -> [String] {
        try Strangers.find(&nftables, namespace, except: [EgressPlan.table])
    }

    /// Dropped packets: by service, and the two counters of the table; empty when there is no table.
    /// - Throws: ``NetfilterError``.
    public mutating func drops() throws(NetfilterError) -> (services: [IPv4Address: UInt64], counters: [String: UInt64])
    {
        guard try nftables.tables().contains(where: { $0.isNamed(as: EgressPlan.table) }) else { return ([:], [:]) }
        let services = try nftables.elementCounters(of: EgressPlan.drops, in: EgressPlan.table)
        return (services, try nftables.counters(of: EgressPlan.table).mapValues(\.packets))
    }

    /// Takes away all that is ours. The kernel's settings stay: what they were before is not known, and peers need them.
    /// - Returns: what was done, one line per step.
    /// - Throws: ``NetfilterError``.
    public mutating func reset() throws(NetfilterError) -> [String] {
        var lines = try nftables.removeIfPresent([EgressPlan.table])
        let names = try routing.links().names
        for rule in try routing.rules(.ipv4) where rule.origin == .ours {
            try routing.remove(rule)
            lines.append("remove the rule \(rule)")
        }
        for family in AddressFamily.allCases {
            for route in try routing.routes(family) where route.origin == .ours {
                try routing.remove(route)
                lines.append("remove the route \(route.text(names))")
            }
        }
        return lines
    }

    /// The link that has the gateway's address, and its other end's number on the host.
    /// - Throws: ``NetfilterError``.
    public mutating func link(with address: IPv4Address) throws(NetfilterError) -> Link? {
        try routing.link(with: address)
    }
}
