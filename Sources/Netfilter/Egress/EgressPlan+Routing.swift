extension EgressPlan {
    /// The metric of a tunnel's default route.
    private static let near: UInt32 = 10
    /// The metric of what remains when the tunnel is gone: last, but before the next rule.
    private static let last: UInt32 = 0xffff_fffe
    /// The tables that are ours.
    public static let tables: [RoutingTable] = [.wireguard, .openvpn, .tor]

    /// The rules of the gateway, in order. The last one closes all that no mark led elsewhere, also when the table of
    /// nftables is gone.
    public var rules: [RoutingRule] {
        // Everything that is near is reached as ever, whatever the mark; only the default route does not count.
        [RoutingRule(priority: 1000, .lookup(.main), suppressedLength: 0)]
            + zip(Exit.allCases, [1100, 1110, 1120, 1130] as [UInt32]).map { exit, priority in
                RoutingRule(priority: priority, .lookup(exit.table), mark: exit.mark, mask: .mask)
            }
            + IPv4Prefix.covering(gateway.pool).map { prefix in
                RoutingRule(priority: 1199, .prohibit, source: IPPrefix(prefix), incoming: gateway.bridge)
            }
    }

    /// The routes that are always there: the sender hears at once that its exit is closed.
    public var closedRoutes: [Route] {
        AddressFamily.allCases.flatMap { family in
            Self.tables.map { .unreachable($0, to: .all(family), metric: Self.last) }
        }
    }

    /// The routes that open an exit, for the tunnels among these links that can carry packets.
    public func openRoutes(by links: [Link]) -> [Route] {
        Exit.allCases.compactMap { exit in
            guard let tunnel = gateway.tunnels[exit],
                let link = links.first(where: { $0.name == tunnel.text && $0.isUsable })
            else { return nil }
            return .unicast(exit.table, to: .all(.ipv4), link: link.index, metric: Self.near)
        }
    }
}
