/// Links, addresses, rules and routes of one namespace, over rtnetlink.
public struct RouteSocket: ~Copyable {
    private var socket: NetlinkSocket

    /// - Throws: ``NetfilterError`` when the namespace can't be entered or the socket not be opened.
    public init(in namespace: NetworkNamespace) throws(NetfilterError) {
        socket = try NetlinkSocket(.route, in: namespace)
    }

    /// All links.
    /// - Throws: ``NetfilterError``.
    public mutating func links() throws(NetfilterError) -> [Link] {
        let message = NetlinkMessage(
            type: 18, flags: [], subject: "list the links", names: .link, header: [UInt8](repeating: 0, count: 16))
        return try socket.dump(message) { (reply) throws(NetfilterError) in try Link(reply) }
    }

    /// All addresses of a family.
    /// - Throws: ``NetfilterError``.
    public mutating func addresses(_ family: AddressFamily) throws(NetfilterError) -> [LinkAddress] {
        let message = NetlinkMessage(
            type: 22, flags: [], subject: "list the addresses", names: .address,
            header: [family.rawValue, 0, 0, 0, 0, 0, 0, 0])
        return try socket.dump(message) { (reply) throws(NetfilterError) in try LinkAddress(reply) }
    }

    /// The link that has this address; `nil` when none has it.
    /// - Throws: ``NetfilterError``.
    public mutating func link(with address: IPv4Address) throws(NetfilterError) -> Link? {
        let address = IPAddress(address)
        guard let found = try addresses(.ipv4).first(where: { $0.address == address }) else { return nil }
        return try links().first { $0.index == found.link }
    }

    /// All rules of a family, by priority.
    /// - Throws: ``NetfilterError``.
    public mutating func rules(_ family: AddressFamily) throws(NetfilterError) -> [RoutingRule] {
        let message = NetlinkMessage(
            type: 34, flags: [], subject: "list the rules", names: .rule,
            header: [family.rawValue] + [UInt8](repeating: 0, count: 11))
        return try socket.dump(message) { (reply) throws(NetfilterError) in try RoutingRule(reply) }
    }

    /// The routes of one table, or of all; a table that holds nothing is no error.
    /// - Throws: ``NetfilterError``.
    public mutating func routes(
        _ family: AddressFamily, table: RoutingTable? = nil
    ) throws(NetfilterError) -> [Route] {
        var message = NetlinkMessage(
            type: 26, flags: [], subject: "list the routes", names: .route,
            header: [family.rawValue] + [UInt8](repeating: 0, count: 11))
        if let table { message.put(15, table.rawValue) }
        do throws(NetfilterError) {
            return try socket.dump(message) { (reply) throws(NetfilterError) in try Route(reply) }
        } catch  where error.code == .notFound {
            // A table is made by its first route.
            return []
        }
    }

    /// Adds a rule.
    /// - Throws: ``NetfilterError`` `.exists` when the very same rule is there.
    public mutating func add(_ rule: RoutingRule) throws(NetfilterError) {
        // Without NLM_F_EXCL the kernel would add it a second time.
        try socket.perform(rule.message(32, [.create, .exclusive], "add"))
    }

    /// Removes the rule that has exactly these fields.
    /// - Throws: ``NetfilterError`` `.notFound`.
    public mutating func remove(_ rule: RoutingRule) throws(NetfilterError) {
        try socket.perform(rule.message(33, [], "remove"))
    }

    /// Adds a route.
    /// - Throws: ``NetfilterError`` `.exists` when one to the same destination with the same metric is there.
    public mutating func add(_ route: Route) throws(NetfilterError) {
        try socket.perform(route.message(24, [.create, .exclusive], "add"))
    }

    /// Puts a route in place of the one to the same destination with the same metric, whoever made that; adds it when
    /// there is none. There is no moment without a route.
    /// - Throws: ``NetfilterError``.
    public mutating func replace(_ route: Route) throws(NetfilterError) {
        try socket.perform(route.message(24, [.create, .replace], "put in place"))
    }

    /// Removes the route that has exactly these fields.
    /// - Throws: ``NetfilterError`` `.notFound`.
    public mutating func remove(_ route: Route) throws(NetfilterError) {
        try socket.perform(route.message(25, [], "remove"))
    }
}
