/// What the host lets through on the bridge of the cell's network: the second wall, which holds while the gateway is not
/// programmed, and against a service that lies about its address.
///
/// Ports are told by their number, not by their name: a container that was restarted has a new port, and a port that
/// comes back under its old name is a stranger.
public struct GuardPlan: Sendable {
    /// One side of a container's pair of links, on the host's bridge.
    public struct Port: Hashable, Sendable {
        /// The number of the link on the host.
        public let link: Int32
        /// The only address its packets may come from; `nil` lets nothing in.
        public let address: IPv4Address?
        /// Whether it may ask for names only through the gateway: its exit is not `default`.
        public let isPrivate: Bool

        public init(link: Int32, address: IPv4Address?, isPrivate: Bool) {
            self.link = link
            self.address = address
            self.isPrivate = isPrivate
        }
    }

    public let pool: IPv4Range
    public let subnet: IPv4Prefix
    /// The gateway's address; it too is reached only through the port of the gateway.
    public let gatewayAddress: IPv4Address
    /// The bridge's name.
    public let bridge: InterfaceName
    /// The ports of services.
    public var ports: [Port]
    /// The port of the gateway whose namespace is programmed; `nil` closes the way out for all services.
    public var gatewayPort: Int32?

    public init(
        pool: IPv4Range, subnet: IPv4Prefix, gatewayAddress: IPv4Address, bridge: InterfaceName, ports: [Port],
        gatewayPort: Int32?
    ) {
        self.pool = pool
        self.subnet = subnet
        self.gatewayAddress = gatewayAddress
        self.bridge = bridge
        self.ports = ports
        self.gatewayPort = gatewayPort
    }

    /// The table that sees frames between ports.
    public static let bridgeTable = NftTable(.bridge, "pic_guard", flags: .kept)
    /// The table that sees what the host itself routes.
    public static let routedTable = NftTable(.inet, "pic_guard", flags: .kept)
    /// Port and the address that belongs to it.
    public static let sources = NftSet("sources", .interfaceIndex, .ipv4Address)
    /// The ports of services.
    public static let servicePorts = NftSet("ports", .interfaceIndex)
    /// The port of the programmed gateway, or nothing.
    public static let gatewayPorts = NftSet("gateway", .interfaceIndex)
    /// The ports of services whose exit is not `default`.
    public static let privatePorts = NftSet("private", .interfaceIndex)
    /// Every set of ``bridgeTable``, for reading back.
    public static let sets = [sources, servicePorts, gatewayPorts, privatePorts]

    /// What ``bridgeTable`` is to hold.
    public var bridgeRuleset: NftRuleset {
        NftRuleset(
            table: Self.bridgeTable,
            sets: [
                (
                    Self.sources,
                    ports.compactMap { port in
                        port.address.map { NftElement(NftValue(link: port.link), NftValue($0)) }
                    }.sorted()
                ),
                (Self.servicePorts, elements(ports.map(\.link))),
                (Self.gatewayPorts, elements([gatewayPort].compactMap { $0 })),
                (Self.privatePorts, elements(ports.filter(\.isPrivate).map(\.link))),
            ],
            counters: ["spoofed", "strayed"],
            chains: [
                NftChain("prerouting", .init(.filter, .prerouting, priority: -300)),
                NftChain("forward", .init(.filter, .forward, priority: 0)),
                NftChain("input", .init(.filter, .input, priority: 0)),
                NftChain("postrouting", .init(.filter, .postrouting, priority: 0)),
            ], rules: arriving + leaving("forward") + leaving("input") + reaching)
    }

    /// What ``routedTable`` is to hold: from the pool nothing is routed off the bridge, and to the pool nothing onto it.
    /// Nobody begins anything by IPv6 from the bridge either: whose a port is that nobody knows yet, no address tells.
    public var routedRuleset: NftRuleset {
        NftRuleset(
            table: Self.routedTable, sets: [], counters: ["routed", "entered"],
            chains: [NftChain("forward", .init(.filter, .forward, priority: 0))],
            rules: [
                NftRule(
                    "forward", .source(in: pool), .comesIn(by: bridge), .goesOut(notBy: bridge), .count("routed"),
                    .verdict(.drop)),
                NftRule(
                    "forward", .comesIn(by: bridge), .goesOut(notBy: bridge), .isIPv6, .isOriginal, .count("routed"),
                    .verdict(.drop)),
                NftRule(
                    "forward", .destination(in: pool), .comesIn(notBy: bridge), .count("entered"), .verdict(.drop)),
            ])
    }

    /// A service's port takes only its own address; IPv6 and every other kind of frame die with the rest.
    private var arriving: [NftRule] {
        [
            NftRule("prerouting", .portAndSource(inSet: Self.sources.name), .verdict(.accept)),
            NftRule("prerouting", .portAndARPSource(inSet: Self.sources.name), .verdict(.accept)),
            NftRule("prerouting", .comesIn(inSet: Self.servicePorts.name), .count("spoofed"), .verdict(.drop)),
            // A port that nobody knows yet: a container that has just started.
            NftRule("prerouting", .frameSource(in: pool), .count("spoofed"), .verdict(.drop)),
        ]
    }

    /// Out of the subnet, and to the gateway itself, only by the port of the gateway.
    private func leaving(_ chain: String) -> [NftRule] {
        var rules: [NftRule] = []
        if chain == "forward" {
            rules.append(
                NftRule(
                    chain, .comesIn(inSet: Self.servicePorts.name), .goesOut(inSet: Self.gatewayPorts.name),
                    .verdict(.accept)))
        }
        rules += [
            NftRule(
                chain, .comesIn(inSet: Self.servicePorts.name), .frameDestination(outside: subnet), .count("strayed"),
                .verdict(.drop)),
            NftRule(
                chain, .comesIn(inSet: Self.servicePorts.name), .frameDestination(gatewayAddress), .count("strayed"),
                .verdict(.drop)),
        ]
        rules += TransportProtocol.allCases.map { transport in
            NftRule(
                chain, .comesIn(inSet: Self.privatePorts.name), .isFrame(.ipv4), .isTransport(transport),
                .isForPort(53), .count("strayed"), .verdict(.drop))
        }
        return rules
    }

    /// No lease is for IPv6: nobody reaches a service by it.
    private var reaching: [NftRule] {
        [
            NftRule(
                "postrouting", .goesOut(inSet: Self.servicePorts.name), .isFrame(.ipv6), .count("strayed"),
                .verdict(.drop))
        ]
    }

    private func elements(_ links: [Int32]) -> [NftElement] {
        Set(links).map { NftElement(NftValue(link: $0)) }.sorted()
    }
}
