import TestSupport
import Testing

@testable import Netfilter

@Suite(.realRoot, .tags(.root)) struct GuardTests {
    /// A host with the bridge `br-cell` and four ports, whose numbers are handed to the body.
    static func withHost(_ body: (ScratchNamespace, [Int32]) async throws -> Void) async throws {
        try await ScratchNamespace.with { scratch in
            try await scratch.ip("link add br-cell type bridge")
            for number in 0..<4 {
                try await scratch.ip("link add v\(number) type veth peer name p\(number)")
                try await scratch.ip("link set v\(number) master br-cell up")
            }
            var routing = try RouteSocket(in: scratch.open())
            let links = try routing.links()
            try await body(scratch, links.filter { $0.name.hasPrefix("v") }.sorted { $0.name < $1.name }.map(\.index))
        }
    }

    /// notes leaves by a tunnel, web by default, and a container without an address that is known.
    static func plan(_ ports: [Int32], gateway: Int?) throws -> GuardPlan {
        let plan = try examplePlan()
        return plan.guardPlan(
            bridge: try #require(InterfaceName("br-cell")),
            ports: [
                .init(link: ports[0], address: IPv4Address("172.20.0.21"), isPrivate: true),
                .init(link: ports[1], address: IPv4Address("172.20.0.24"), isPrivate: false),
                .init(link: ports[2], address: nil, isPrivate: true),
            ], gatewayPort: gateway.map { ports[$0] })
    }

    /// The tables as a person would write them.
    static let text = """
        table bridge pic_guard {
          counter spoofed { }
          counter strayed { }
          set sources { type iface_index . ipv4_addr; elements = { v0 . 172.20.0.21, v1 . 172.20.0.24 } }
          set ports { type iface_index; elements = { v0, v1, v2 } }
          set gateway { type iface_index; elements = { v3 } }
          set private { type iface_index; elements = { v0, v2 } }
          chain prerouting { type filter hook prerouting priority -300;
            meta iif . ip saddr @sources accept
            meta iif . arp saddr ip @sources accept
            iif @ports counter name spoofed drop
            ip saddr 172.20.0.20-172.20.0.254 counter name spoofed drop
          }
          chain forward { type filter hook forward priority 0;
            iif @ports oif @gateway accept
            iif @ports ip daddr != 172.20.0.0/16 counter name strayed drop
            iif @ports ip daddr 172.20.0.9 counter name strayed drop
            iif @private meta protocol ip tcp dport 53 counter name strayed drop
            iif @private meta protocol ip udp dport 53 counter name strayed drop
          }
          chain input { type filter hook input priority 0;
            iif @ports ip daddr != 172.20.0.0/16 counter name strayed drop
            iif @ports ip daddr 172.20.0.9 counter name strayed drop
            iif @private meta protocol ip tcp dport 53 counter name strayed drop
            iif @private meta protocol ip udp dport 53 counter name strayed drop
          }
          chain postrouting { type filter hook postrouting priority 0;
            oif @ports meta protocol ip6 counter name strayed drop
          }
        }
        table inet pic_guard {
          counter routed { }
          counter entered { }
          chain forward { type filter hook forward priority 0;
            ip saddr 172.20.0.20-172.20.0.254 iifname "br-cell" oifname != "br-cell" counter name routed drop
            iifname "br-cell" oifname != "br-cell" meta nfproto ipv6 ct direction original counter name routed drop
            ip daddr 172.20.0.20-172.20.0.254 iifname != "br-cell" counter name entered drop
          }
        }
        """

    @Test("Both tables are what `nft` makes of the text, and a second time there is nothing to do")
    func tables() async throws {
        try await Self.withHost { scratch, ports in
            var host = try GuardSockets(in: scratch.open())
            let plan = try Self.plan(ports, gateway: 3)
            #expect(try host.converge(to: plan).isEmpty == false)
            #expect(try host.converge(to: plan) == [])
            var ours: [[String]] = []
            for table in ["bridge pic_guard", "inet pic_guard"] {
                ours.append(try await GatewayTests.shown(scratch, table))
            }
            #expect(try host.reset().count == 2)
            try await scratch.nft(Self.text)
            for (table, ours) in zip(["bridge pic_guard", "inet pic_guard"], ours) {
                #expect(try await GatewayTests.shown(scratch, table) == ours)
            }
        }
    }

    @Test("Before the gateway is programmed nothing is opened, and nobody loses what keeps it private")
    func closed() async throws {
        try await Self.withHost { scratch, ports in
            var host = try GuardSockets(in: scratch.open())
            let plan = try Self.plan(ports, gateway: 3)
            #expect(try host.closed(plan).gatewayPort == nil)
            _ = try host.converge(to: plan)
            // The same gateway stays open; another one does not open.
            #expect(try host.closed(plan).gatewayPort == ports[3])
            #expect(try host.closed(Self.plan(ports, gateway: 2)).gatewayPort == nil)
            // Who is private now stays so until the gateway is programmed; who will be is so already.
            var later = plan
            later.ports[0] = .init(link: ports[0], address: plan.ports[0].address, isPrivate: false)
            later.ports[1] = .init(link: ports[1], address: plan.ports[1].address, isPrivate: true)
            #expect(try host.closed(later).ports.map(\.isPrivate) == [true, true, true])
        }
    }

    @Test("Closing the host for the boot leaves the ports alone that it knows")
    func boot() async throws {
        try await Self.withHost { scratch, ports in
            var host = try GuardSockets(in: scratch.open())
            let plan = try Self.plan(ports, gateway: 3)
            _ = try host.converge(to: plan)
            var empty = plan
            (empty.ports, empty.gatewayPort) = ([], nil)
            #expect(try host.converge(to: empty, keepingPorts: true) == [])
            #expect(try host.converge(to: plan) == [])
            #expect(try host.converge(to: empty).contains { $0.contains("set sources") })
        }
    }
}
