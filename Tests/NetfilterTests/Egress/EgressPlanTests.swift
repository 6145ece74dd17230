import Testing

@testable import Netfilter

/// A plan of three services with one exit each but Tor, as the design's example has it.
func examplePlan(notes exit: Exit = .wireguard) throws -> EgressPlan {
    let address = { (text: String) in try #require(IPv4Address(text)) }
    let link = { (text: String) in try #require(InterfaceName(text)) }
    return try EgressPlan(
        gateway: .init(
            pool: try #require(IPv4Range("172.20.0.20-172.20.0.254")),
            subnet: try #require(IPv4Prefix("172.20.0.0/16")), address: address("172.20.0.9"),
            bridge: link("eth0"), wan: link("eth1"), peers: link("wg0"),
            tunnels: [.wireguard: link("wg_ext0"), .openvpn: link("tun0")],
            resolvers: [.wireguard: address("10.64.0.1")]),
        services: [
            EgressService(id: "notes", addresses: [address("172.20.0.21")], exit: exit),
            EgressService(
                id: "email", addresses: [address("172.20.0.22"), address("172.20.0.23")], exit: .tor,
                inbound: [address("172.20.0.22"): [.init(.tcp, 993)]]),
            EgressService(id: "web", addresses: [address("172.20.0.24")], exit: .default),
        ])
}

/// What the kernel holds once it is as the plan says.
func settled(_ plan: EgressPlan, links: [Link] = []) throws -> GatewayState {
    var held = NftRuleset.Held()
    let ruleset = plan.ruleset
    held.table = ruleset.table
    for (set, elements) in ruleset.sets { held.elements[set.name] = Set(elements) }
    held.counters = Set(ruleset.counters)
    for chain in ruleset.chains { held.listings[chain.name] = [] }
    for rule in ruleset.rules { held.listings[rule.chain, default: []].append(try rule.listing(in: ruleset.table)) }
    return GatewayState(
        ruleset: held, generation: 1, rules: plan.rules, routes: plan.closedRoutes, links: links,
        settings: Dictionary(plan.settings.map { ($0.setting, $0.value) }) { first, _ in first })
}

@Suite struct EgressPlanTests {
    @Test("A state that is as planned asks for nothing")
    func nothing() throws {
        let plan = try examplePlan()
        #expect(try plan.change(from: settled(plan)).lines == [])
    }

    @Test("Another exit for one service is two elements in one batch, and nothing else", arguments: Exit.allCases)
    func exchange(exit: Exit) throws {
        let before = try examplePlan(notes: exit)
        for after in Exit.allCases where after != exit {
            let change = try examplePlan(notes: after).change(from: settled(before))
            #expect(
                change.lines == [
                    "remove 1 element of the map egress_of of inet pic_egress",
                    "add 1 element of the map egress_of of inet pic_egress", "cut the flows of 172.20.0.21",
                ])
        }
    }

    @Test("From nothing, the table comes first and forwarding last")
    func fresh() throws {
        let plan = try examplePlan()
        let empty = GatewayState(
            ruleset: .init(), generation: 1, rules: [], routes: [], links: [], settings: [:])
        let lines = try plan.change(from: empty).lines
        #expect(lines.first == "add the table inet pic_egress")
        #expect(lines.last == "set net/ipv4/ip_forward to 1")
        let batch = try #require(lines.lastIndex { $0.contains("pic_egress") })
        let route = try #require(lines.firstIndex { $0.hasPrefix("add the route") })
        let rule = try #require(lines.firstIndex { $0.hasPrefix("add the rule 1000") })
        #expect(batch < route)
        #expect(route < rule)
        #expect(lines.count { $0.hasPrefix("add the rule 1199") } == 11)
    }

    @Test("A rule that is gone, narrowed or stands twice in a chain has its chain written anew, in the same commit")
    func drift() throws {
        let plan = try examplePlan()
        var state = try settled(plan)
        state.ruleset.listings["from_service"]?.removeFirst()
        let lines = try plan.change(from: state).lines
        #expect(lines.first == "remove the rules of the chain from_service of inet pic_egress")
        #expect(lines.count == 1 + 8)
        #expect(lines.dropFirst().allSatisfy { $0.contains("of the chain from_service") })
    }

    @Test("A foreign rule or route is left alone; one with our number that is not planned goes")
    func foreign() throws {
        let plan = try examplePlan()
        var state = try settled(plan)
        state.rules.append(RoutingRule(priority: 5, .lookup(.main), origin: .static))
        state.routes.append(.unicast(.wireguard, to: .all(.ipv4), link: 7, metric: 50, origin: .boot))
        #expect(try plan.change(from: state).lines == [])
        state.rules.append(RoutingRule(priority: 5, .lookup(.tor)))
        state.routes.append(.unicast(.wireguard, to: .all(.ipv4), link: 7, metric: 10))
        #expect(
            try plan.change(from: state).lines == [
                "remove the route default link 7 table 110 metric 10", "remove the rule 5: from all lookup 130",
            ])
    }

    @Test("A gateway that can't be one is refused, with all that is wrong")
    func gatewayFaults() throws {
        var gateway = try examplePlan().gateway
        gateway.tunnels[.tor] = gateway.wan
        gateway.peers = gateway.bridge
        gateway.address = try #require(IPv4Address("172.20.0.30"))
        gateway.subnet = try #require(IPv4Prefix("172.20.0.0/27"))
        let wrong = gateway
        let error = try #require(
            failure { () throws(NetfilterError) in _ = try EgressPlan(gateway: wrong, services: []) })
        #expect(error.code == .invalid)
        for words in [
            "the exit tor has no tunnel", "the tunnel eth1 of tor is one of the gateway's own",
            "the peers' link eth0 is also the bridge side", "172.20.0.30 lies in the services' pool",
            "the services' pool 172.20.0.20-172.20.0.254 lies outside of 172.20.0.0/27",
        ] {
            #expect(error.message.contains(words), "\(words)")
        }
    }

    @Test("What is wrong with one service closes that service, and the others stay as they are")
    func serviceFaults() throws {
        let good = try examplePlan()
        let far = try #require(IPv4Address("10.0.0.1"))
        let taken = try #require(IPv4Address("172.20.0.22"))
        let plan = try EgressPlan(
            gateway: good.gateway,
            services: good.services + [
                EgressService(id: "late", addresses: [far, taken], exit: .default, inbound: [taken: [.init(.tcp, 1)]])
            ])
        #expect(
            plan.faults.map(\.message) == [
                "10.0.0.1 of late lies outside the pool 172.20.0.20-172.20.0.254; give it a lease there",
                "172.20.0.22 belongs to email and to late; give each its own",
                "172.20.0.22 belongs to email and to late; give each its own",
            ])
        #expect(plan.services.map(\.id) == ["notes", "email", "web"])
        #expect(plan.exit(of: taken) == nil)
        #expect(plan.services[1].inbound.isEmpty)
        #expect(plan.exit(of: try #require(IPv4Address("172.20.0.23"))) == .tor)
        #expect(plan.exit(of: try #require(IPv4Address("172.20.0.21"))) == .wireguard)
    }

    @Test("The cell's own resolver is reached by the bridge side, also when the line is another link")
    func neighbourResolver() throws {
        let good = try examplePlan()
        var gateway = good.gateway
        gateway.resolvers[.default] = IPv4Address("172.20.0.3")
        let plan = try EgressPlan(gateway: gateway, services: good.services)
        let ways = try #require(plan.ruleset.sets.first { $0.set == EgressPlan.exits }?.elements)
        #expect(ways.count == 4)
        #expect(ways.contains(NftElement(NftValue(Exit.default.mark), NftValue(gateway.bridge))))
    }
}
