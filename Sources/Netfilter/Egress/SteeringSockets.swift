/// The open socket into one service's namespace.
public struct SteeringSockets: ~Copyable {
    public let namespace: NetworkNamespace
    private var routing: RouteSocket

    /// - Throws: ``NetfilterError`` when the namespace can't be entered.
    public init(in namespace: NetworkNamespace) throws(NetfilterError) {
        let routing = try RouteSocket(in: namespace)
        self.namespace = namespace
        self.routing = routing
    }

    /// The link that has this address; `nil` when none has it.
    /// - Throws: ``NetfilterError``.
    public mutating func link(with address: IPv4Address) throws(NetfilterError) -> Link? {
        try routing.link(with: address)
    }

    /// What is to be done, one line per step.
    /// - Throws: ``NetfilterError`` `.notFound` when no link has the service's address.
    public mutating func pending(_ plan: SteeringPlan) throws(NetfilterError) -> [String] {
        let link = try require(plan)
        var lines = try isSteered(plan, link) ? [] : [Self.line(plan, link)]
        let settings = plan.settings(link)
        let values = try namespace.values(of: settings.map(\.setting))
        for (setting, value) in settings where values[setting] != value {
            lines.append("set \(setting) to \(value)")
        }
        return lines
    }

    /// Reads, compares and applies until the namespace is as planned.
    /// - Returns: what was done, one line per step.
    /// - Throws: ``NetfilterError``.
    public mutating func converge(to plan: SteeringPlan) throws(NetfilterError) -> [String] {
        try Convergence.run("the namespace \(namespace.path)") { () throws(NetfilterError) in
            let link = try require(plan)
            var lines: [String] = []
            if try !isSteered(plan, link) {
                // In the place of Docker's own: there is no moment without a way.
                try routing.replace(plan.route(by: link))
                lines.append(Self.line(plan, link))
            }
            return lines + (try namespace.set(plan.settings(link)).map { "set \($0) to 0" })
        }
    }

    /// Ways out that do not lead through the gateway, a sentence each.
    /// - Throws: ``NetfilterError``.
    public mutating func otherWays(
        _ plan: SteeringPlan, families: [AddressFamily] = AddressFamily.allCases
    ) throws(NetfilterError) -> [String] {
        let links = try routing.links()
        let names = links.names
        let own = try routing.link(with: plan.address)
        var found: [String] = []
        for family in families {
            for route in try routing.routes(family, table: .main)
            where route.destination.isAll && route.kind == .unicast && own.map(plan.route(by:)) != route {
                let name = route.link.flatMap { names[$0] } ?? "several links"
                let gateway = route.gateway.map { " via \($0)" } ?? ""
                found.append("it also has \(family == .ipv6 ? "an IPv6" : "a") default route\(gateway) by \(name)")
            }
        }
        for link in links where !link.isLoopback && link.isUsable && link.index != own?.index {
            found.append("it is also connected by \(link.name)")
        }
        return found
    }

    /// Gives the service back the way that Docker gave it.
    /// - Parameter gateway: The bridge's address on the host.
    /// - Returns: what was done, one line per step.
    /// - Throws: ``NetfilterError``.
    public mutating func reset(_ plan: SteeringPlan, to gateway: IPv4Address?) throws(NetfilterError) -> [String] {
        let link = try require(plan)
        guard try isSteered(plan, link) else { return [] }
        guard let gateway else {
            try routing.remove(plan.route(by: link))
            return ["remove the default route via \(plan.gateway) by \(link.name)"]
        }
        try routing.replace(
            .unicast(
                .main, to: .all(.ipv4), link: link.index, gateway: IPAddress(gateway), metric: 0, origin: .boot))
        return ["put the default route via \(gateway) by \(link.name) in place"]
    }

    private mutating func require(_ plan: SteeringPlan) throws(NetfilterError) -> Link {
        guard let link = try routing.link(with: plan.address) else {
            throw NetfilterError(
                .notFound,
                "no link in \(namespace.path) has the address \(plan.address); data/ip_leases.json, or connect the "
                    + "container to the cell's network with it")
        }
        return link
    }

    private mutating func isSteered(_ plan: SteeringPlan, _ link: Link) throws(NetfilterError) -> Bool {
        try routing.routes(.ipv4, table: .main).contains(plan.route(by: link))
    }

    private static func line(_ plan: SteeringPlan, _ link: Link) -> String {
        "put the default route via \(plan.gateway) by \(link.name) in place"
    }
}
