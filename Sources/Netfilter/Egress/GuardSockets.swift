/// The open sockets into the host's namespace: the links of the bridge, and the guard's tables.
public struct GuardSockets: ~Copyable {
    public let namespace: NetworkNamespace
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

    /// Makes these sockets the owner of the tables that an earlier program left.
    /// - Throws: ``NetfilterError``.
    mutating func own() throws(NetfilterError) { try nftables.own([GuardPlan.bridgeTable, GuardPlan.routedTable]) }

    /// The links of the host.
    /// - Throws: ``NetfilterError``.
    public mutating func links() throws(NetfilterError) -> [Link] { try routing.links() }

    /// The first address of a link: of the bridge, Docker's gateway.
    /// - Throws: ``NetfilterError``.
    public mutating func address(of link: Int32) throws(NetfilterError) -> LinkAddress? {
        try routing.addresses(.ipv4).first { $0.link == link && !$0.isSecondary }
    }

    /// What is to be done so that the guard is as planned.
    /// - Throws: ``NetfilterError`` `.stale` when somebody changed the ruleset while it was read.
    public mutating func change(
        to plan: GuardPlan, keepingPorts: Bool = false
    ) throws(NetfilterError) -> (batch: NftBatch, generation: UInt32) {
        let (bridge, generation) = try nftables.read(GuardPlan.bridgeTable, sets: GuardPlan.sets)
        let (routed, later) = try nftables.read(GuardPlan.routedTable, sets: [])
        guard generation == later else { throw NetfilterError(.stale, "somebody changes the ruleset of the host") }
        let ruleset = plan.bridgeRuleset
        var batch = try (keepingPorts ? ruleset.keepingElements(of: bridge) : ruleset).changes(from: bridge)
        batch.append(try plan.routedRuleset.changes(from: routed))
        return (batch, generation)
    }

    /// Reads, compares and applies until the kernel holds what the plan says.
    /// - Parameter keepingPorts: leaves the ports alone that the guard knows already.
    /// - Returns: what was done, one line per step.
    /// - Throws: ``NetfilterError``.
    public mutating func converge(
        to plan: GuardPlan, keepingPorts: Bool = false
    ) throws(NetfilterError) -> [String] {
        try Convergence.run("the guard in \(namespace.path)") { () throws(NetfilterError) in
            let (batch, generation) = try change(to: plan, keepingPorts: keepingPorts)
            try nftables.commit(batch, generation: generation)
            return batch.lines
        }
    }

    /// The guard that goes before a change of the gateway: nothing is open that will not be open afterwards, and who was
    /// or will be kept to the gateway's names is now.
    /// - Throws: ``NetfilterError``.
    public mutating func closed(_ plan: GuardPlan) throws(NetfilterError) -> GuardPlan {
        let held = try nftables.read(GuardPlan.bridgeTable, sets: GuardPlan.sets).held
        let isHeld = { (set: NftSet, link: Int32) in
            held.elements[set.name]?.contains(NftElement(NftValue(link: link))) ?? false
        }
        var plan = plan
        if let port = plan.gatewayPort, !isHeld(GuardPlan.gatewayPorts, port) { plan.gatewayPort = nil }
        plan.ports = plan.ports.map { port in
            GuardPlan.Port(
                link: port.link, address: port.address,
                isPrivate: port.isPrivate || isHeld(GuardPlan.privatePorts, port.link))
        }
        return plan
    }

    /// Which of these ports have exactly this address in the guard.
    /// - Throws: ``NetfilterError``.
    public mutating func guarded() throws(NetfilterError) -> (Int32, IPv4Address) -> Bool {
        let held = try nftables.read(GuardPlan.bridgeTable, sets: GuardPlan.sets).held
        let sources = held.elements[GuardPlan.sources.name] ?? []
        return { link, address in sources.contains(NftElement(NftValue(link: link), NftValue(address))) }
    }

    /// The counters of both tables by name: `spoofed`, `strayed`, `routed`, `entered`; empty without a guard.
    /// - Throws: ``NetfilterError``.
    public mutating func drops() throws(NetfilterError) -> [String: UInt64] {
        var found: [String: UInt64] = [:]
        for table in try nftables.tables()
        where [GuardPlan.bridgeTable, GuardPlan.routedTable].contains(where: table.isNamed) {
            found.merge(try nftables.counters(of: table).mapValues(\.packets)) { one, _ in one }
        }
        return found
    }

    /// Takes the guard away.
    /// - Returns: what was done, one line per step.
    /// - Throws: ``NetfilterError``.
    public mutating func reset() throws(NetfilterError) -> [String] {
        try nftables.removeIfPresent([GuardPlan.bridgeTable, GuardPlan.routedTable])
    }
}
