/// The open sockets into the gateway's namespace: reads its state, applies a change, and converges to a plan.
///
/// Keep it while the gateway is to be guarded: the table belongs to it, and `nft flush ruleset` of others passes an
/// owned table by.
public struct GatewaySockets: ~Copyable {
    /// How often a plan is compared and applied again when others change the state meanwhile.
    private static let attempts = 16

    private let namespace: NetworkNamespace
    private var routing: RouteSocket
    private var nftables: NftSocket

    /// - Throws: ``NetfilterError`` when the namespace can't be entered.
    public init(in namespace: NetworkNamespace) throws(NetfilterError) {
        let routing = try RouteSocket(in: namespace)
        let nftables = try NftSocket(in: namespace)
        self.namespace = namespace
        self.routing = routing
        self.nftables = nftables
    }

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
        var settings: [Sysctl: Int] = [:]
        for (setting, _) in plan.settings { settings[setting] = try namespace.value(of: setting) }
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
        try namespace.set(change.settings)
    }

    /// Reads, compares and applies until the kernel holds what the plan says.
    /// - Returns: what was done, one line per step; empty when it was so already.
    /// - Throws: ``NetfilterError``; `.lost` when others change it as fast as it is repaired.
    @discardableResult
    public mutating func converge(to plan: EgressPlan) throws(NetfilterError) -> [String] {
        var done: [String] = []
        var left: [String] = []
        for _ in 0..<Self.attempts {
            do throws(NetfilterError) {
                let change = try plan.change(from: read(for: plan))
                if change.isEmpty { return done }
                left = change.lines
                try apply(change)
                done += left
            } catch  where error.code == .stale {
                continue
            }
        }
        throw NetfilterError(
            .lost,
            "the gateway \(namespace.path) does not stay as planned; after \(Self.attempts) attempts still to do: "
                + (left.first ?? "its state changes while it is read"))
    }
}
