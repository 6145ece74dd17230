extension EgressPlan {
    /// The table of the gateway. Owned: others can't change it while the owner lives; persistent: it outlives it.
    public static let table = NftTable(.inet, "pic_egress", flags: .kept)
    /// Service → mark of its exit. A service that is not here is dropped.
    public static let exitOf = NftSet("egress_of", .ipv4Address, to: .mark)
    /// The pool.
    public static let pool = NftSet("services", .ipv4Address, isInterval: true)
    /// Which mark may leave by which link: what alone is sufficient to keep an exit.
    public static let exits = NftSet("exits", .mark, .interfaceName)
    /// What peers may reach.
    public static let inbound = NftSet("inbound", .ipv4Address, .internetProtocol, .port)
    /// Services of which packets were dropped in ``ruleset``'s own chains, each with their number. The kernel fills it,
    /// and only with sources that have an exit; who has none any more is taken out.
    public static let drops = NftSet("drops", .ipv4Address, isDynamic: true)
    /// Every set, for reading back.
    public static let sets = [exitOf, pool, exits, inbound, drops]

    /// Tor's TransPort and DNSPort.
    static let torPort: UInt16 = 9040
    static let torNamePort: UInt16 = 5353

    /// What the table of the gateway is to hold.
    public var ruleset: NftRuleset {
        NftRuleset(
            table: Self.table,
            sets: [
                (Self.exitOf, exitElements), (Self.pool, [.intervalStart] + NftElement.range(gateway.pool)),
                (Self.exits, wayElements), (Self.inbound, inboundElements),
                (Self.drops, services.flatMap(\.addresses).map { NftElement(NftValue($0)) }),
            ],
            counters: ["killed", "refused"],
            chains: [
                NftChain("from_service"), NftChain("to_service"),
                NftChain("mark_pre", .init(.filter, .prerouting, priority: -150)),
                NftChain("nat_pre", .init(.nat, .prerouting, priority: -100)),
                NftChain("closed", .init(.filter, .prerouting, priority: -90)),
                NftChain("local_in", .init(.filter, .input, priority: 0)),
                NftChain("kill", .init(.filter, .forward, priority: 0)),
                NftChain("nat_post", .init(.nat, .postrouting, priority: 100)),
            ], rules: forwarding + marking + names + refusing + arriving)
    }

    private var exitElements: [NftElement] {
        services.flatMap { service in
            service.addresses.map { NftElement(NftValue($0), to: NftValue(service.exit.mark)) }
        }.sorted()
    }

    private var wayElements: [NftElement] {
        var ways = gateway.tunnels.map { ($0.key, $0.value) } + [(Exit.default, gateway.wan)]
        // The cell's own resolver may be a neighbour, while the line is another link.
        if gateway.wan != gateway.bridge, let resolver = gateway.resolvers[.default], gateway.subnet.contains(resolver)
        {
            ways.append((.default, gateway.bridge))
        }
        return ways.map { NftElement(NftValue($0.mark), NftValue($1)) }.sorted()
    }

    private var inboundElements: [NftElement] {
        services.flatMap(\.inbound).flatMap { address, ports in
            ports.map { NftElement(NftValue(address), NftValue($0.transport), NftValue(port: $0.number)) }
        }.sorted()
    }

    /// Foreign forwarding is not ours: the range is literal, so that no lookup can miss a packet of a service.
    private var forwarding: [NftRule] {
        [
            NftRule("kill", .source(in: gateway.pool), .verdict(.jump("from_service"))),
            NftRule("kill", .destination(in: gateway.pool), .verdict(.jump("to_service"))),
            NftRule("kill", .comesIn(by: gateway.bridge), .isIPv6, .count, .verdict(.drop)),
            // A neighbour on another link that uses the address of a service is not that service.
            NftRule("from_service", .comesIn(notBy: gateway.bridge), .count("killed"), .verdict(.drop)),
            // A flow that began by another exit must not go on by this one: that would join the two identities.
            NftRule("from_service", .isNew, .isNoOpening, .reject(.tcpReset)),
            NftRule("from_service", .isMarked(Exit.wireguard.mark), .clampMSS),
            NftRule("from_service", .isMarked(Exit.openvpn.mark), .clampMSS),
            NftRule("from_service", .markAndWayOut(inSet: Self.exits.name), .verdict(.accept)),
            NftRule("from_service", .isReply, .isEstablishedOrRelated, .verdict(.accept)),
            NftRule("from_service", .isMarkedAtAll, .countSource(inSet: Self.drops.name)),
            NftRule("from_service", .count("killed"), .verdict(.drop)),
            NftRule("to_service", .clampMSS),
            NftRule("to_service", .isEstablishedOrRelated, .verdict(.accept)),
            NftRule(
                "to_service", .comesIn(by: gateway.peers), .destinationAndPort(inSet: Self.inbound.name),
                .verdict(.accept)),
            NftRule("to_service", .count("refused"), .verdict(.drop)),
            // The default exit, too: with br_netfilter the host leaves a flow alone that turns round on its bridge.
            NftRule(
                "nat_post", .source(inSet: Self.pool.name), .markAndWayOut(inSet: Self.exits.name), .masquerade),
        ]
    }

    private var marking: [NftRule] {
        [
            NftRule("mark_pre", .isReply, .restoreMark),
            NftRule(
                "mark_pre", .isOriginal, .source(inSet: Self.pool.name), .markBySource(map: Self.exitOf.name)),
            NftRule("mark_pre", .isOriginal, .source(inSet: Self.pool.name), .saveMark),
        ]
    }

    /// Names are asked of the gateway, and the question leaves by the exit itself.
    private var names: [NftRule] {
        var rules = [
            NftRule(
                "nat_pre", .isMarked(Exit.tor.mark), .isTransport(.udp), .isForPort(53),
                .redirect(to: Self.torNamePort)),
            NftRule("nat_pre", .isMarked(Exit.tor.mark), .isTransport(.tcp), .redirect(to: Self.torPort)),
        ]
        for exit in Exit.allCases where exit != .tor {
            guard let resolver = gateway.resolvers[exit] else { continue }
            for transport in TransportProtocol.allCases {
                rules.append(
                    NftRule(
                        "nat_pre", .isMarked(exit.mark), .destination(gateway.address), .isTransport(transport),
                        .isForPort(53), .sendTo(resolver)))
            }
        }
        return rules
    }

    /// An exit that is not there answers every try at once. The unreachable routes alone do not: the kernel sends their
    /// errors within a budget per sender, and with a code that a UDP socket is not told of; 13, "administratively
    /// prohibited", is an error (`EHOSTUNREACH`) for every socket. It is sent behind the NAT, where a question for a name
    /// has its resolver's address, and only to what begins a flow: one that is under way may outlive a short gap.
    private var refusing: [NftRule] {
        [
            NftRule(
                "closed", .comesIn(by: gateway.bridge), .isNew, .source(inSet: Self.pool.name), .isForOthers,
                .hasNoWayOut, .reject(.icmp(13)))
        ]
    }

    /// What reaches the gateway itself: nothing that a tunnel brings unasked, because the answer would leave by the open
    /// line; Tor takes only what was redirected to it; a service by default may talk to the gateway (but not ask it for
    /// names behind the resolver's back), any other service may not.
    private var arriving: [NftRule] {
        let tor: [(TransportProtocol, UInt16)] = [(.tcp, Self.torPort), (.udp, Self.torNamePort)]
        let service: [NftExpression] = .isOriginal + .source(inSet: Self.pool.name)
        return gateway.tunnels.values.sorted { $0.text < $1.text }.map { tunnel in
            NftRule("local_in", .comesIn(by: tunnel), .isUnasked, .count("refused"), .verdict(.drop))
        }
            + tor.map { transport, port in
                NftRule(
                    "local_in", .isTransport(transport), .isForPort(port), .isRedirected, .isMarked(Exit.tor.mark),
                    .verdict(.accept))
            }
            + tor.map { transport, port in
                NftRule("local_in", .isTransport(transport), .isForPort(port), .verdict(.drop))
            }
            + TransportProtocol.allCases.map { transport in
                NftRule("local_in", service, .isTransport(transport), .isForPort(53), .verdict(.drop))
            } + [
                NftRule("local_in", service, .isMarked(Exit.default.mark), .verdict(.accept)),
                NftRule("local_in", .isOriginal, .isMarkedAtAll, .countSource(inSet: Self.drops.name)),
                NftRule("local_in", service, .verdict(.drop)),
            ]
    }
}
