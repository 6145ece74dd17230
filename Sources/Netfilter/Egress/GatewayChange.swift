/// What the gateway's namespace holds, as far as a plan speaks of it.
public struct GatewayState: Sendable {
    public var ruleset: NftRuleset.Held
    /// The generation for which ``ruleset`` was read.
    public var generation: UInt32
    public var rules: [RoutingRule]
    /// The routes of our tables, of both families.
    public var routes: [Route]
    public var links: [Link]
    /// The settings a plan wants, with the values they have.
    public var settings: [Sysctl: Int]
}

/// The difference between a plan and a state, in the order in which it is made: closed at every step.
public struct GatewayChange: Sendable {
    /// nftables, all at once.
    public var batch = NftBatch()
    /// Made for this generation of nftables.
    public var generation: UInt32 = 0
    public var addedRoutes: [Route] = []
    public var addedRules: [RoutingRule] = []
    public var openedRoutes: [Route] = []
    public var removedRoutes: [Route] = []
    public var removedRules: [RoutingRule] = []
    /// Whose flows are ended: the exit of these addresses is another one than before, or they have none any more.
    public var cutSources: Set<IPv4Address> = []
    /// Forwarding last: a namespace that forwards before it has rules lets everything through.
    public var settings: [(setting: Sysctl, value: Int)] = []
    /// The names of the links by their numbers, for ``lines``.
    var linkNames: [Int32: String] = [:]

    /// Whether there is nothing to do; then no message is sent.
    public var isEmpty: Bool { lines.isEmpty }

    /// One line per step.
    public var lines: [String] {
        batch.lines + addedRoutes.map { "add the route \($0.text(linkNames))" }
            + addedRules.map { "add the rule \($0)" }
            + removedRoutes.map { "remove the route \($0.text(linkNames))" }
            + openedRoutes.map { "add the route \($0.text(linkNames))" }
            + removedRules.map { "remove the rule \($0)" }
            + (cutSources.isEmpty ? [] : ["cut the flows of \(Self.named(cutSources))"])
            + settings.map { "set \($0.setting) to \($0.value)" }
    }

    private static func named(_ sources: Set<IPv4Address>) -> String {
        let few = sources.sorted().prefix(4).map { "\($0)" }.joined(separator: ", ")
        return sources.count > 4 ? "\(few) and \(sources.count - 4) more" : few
    }
}

extension EgressPlan {
    /// The kernel's settings in the gateway, forwarding last.
    public var settings: [(setting: Sysctl, value: Int)] {
        [
            // As the kernel has it (0x1818), but for "destination unreachable": a closed exit answers every try.
            (.limitedErrors, 0x1810),
            (.sourceValidMark(.all), 1), (.sendRedirects(.all), 0), (.sendRedirects(.link(gateway.bridge)), 0),
            (.forwarding, 1),
        ]
    }

    /// What is to be done to a state so that it is this plan. Of rules and routes only those are removed that carry
    /// our own number.
    /// - Throws: ``NetfilterError`` when libnftnl does not know an instruction.
    public func change(from state: GatewayState) throws(NetfilterError) -> GatewayChange {
        let open = openRoutes(by: state.links)
        var change = GatewayChange()
        let ruleset = ruleset
        change.batch = try ruleset.changes(from: state.ruleset)
        change.generation = state.generation
        change.linkNames = state.links.names
        let exits = NftRuleset.difference(
            from: state.ruleset.elements[Self.exitOf.name] ?? [], to: ruleset.elements(of: Self.exitOf))
        change.cutSources = Set((exits.removed + exits.added).compactMap(\.key.address))
        change.addedRoutes = closedRoutes.filter { !state.routes.contains($0) }
        change.addedRules = rules.filter { !state.rules.contains($0) }
        change.openedRoutes = open.filter { !state.routes.contains($0) }
        change.removedRoutes = state.routes.filter { route in
            route.origin == .ours && !closedRoutes.contains(route) && !open.contains(route)
        }
        change.removedRules = state.rules.filter { $0.origin == .ours && !rules.contains($0) }
        change.settings = settings.filter { state.settings[$0.setting] != $0.value }
        return change
    }
}
