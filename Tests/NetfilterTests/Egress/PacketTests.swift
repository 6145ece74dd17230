import Netfilter
import Synchronization
import TestSupport
import Testing

/// Source ports of the senders, in whatever order tests run.
private let nextPort = Atomic<Int>(20_000)

/// Three namespaces: a service, the gateway, and the world outside, which counts what comes by the line and by the tunnel.
struct TestWorld {
    let service: ScratchNamespace
    let gateway: ScratchNamespace
    let outside: ScratchNamespace

    /// 198.51.100.1 is everywhere outside.
    static let far = "198.51.100.1"

    static func with(_ body: (TestWorld) async throws -> Void) async throws {
        try await ScratchNamespace.with { service in
            try await ScratchNamespace.with { gateway in
                try await ScratchNamespace.with { outside in
                    let world = TestWorld(service: service, gateway: gateway, outside: outside)
                    try await world.connect()
                    try await body(world)
                }
            }
        }
    }

    private func connect() async throws {
        try await pair(service, "eth0", "172.20.0.21/16", gateway, "eth0", "172.20.0.9/16")
        try await pair(gateway, "eth1", "10.1.0.2/24", outside, "line", "10.1.0.1/24")
        try await pair(gateway, "wg_ext0", "10.2.0.2/24", outside, "tunnel", "10.2.0.1/24")
        try await service.ip("route add default via 172.20.0.9")
        try await gateway.ip("route add default via 10.1.0.1")
        try await outside.ip("link set lo up")
        try await outside.ip("address add \(Self.far)/32 dev lo")
        try await outside.nft(
            """
            table ip gauge { counter by_line { }
             counter by_tunnel { }
             chain every { type filter hook prerouting priority -300;
              udp dport 9 iifname "line" counter name by_line
              udp dport 9 iifname "tunnel" counter name by_tunnel
             }
            }
            """)
    }

    private func pair(
        _ one: ScratchNamespace, _ link: String, _ address: String, _ other: ScratchNamespace, _ peer: String,
        _ peerAddress: String
    ) async throws {
        try await one.ip("link add \(link) type veth peer name \(peer) netns \(other.name)")
        try await one.ip("address add \(address) dev \(link)")
        try await other.ip("address add \(peerAddress) dev \(peer)")
        try await one.ip("link set \(link) up")
        try await other.ip("link set \(peer) up")
    }

    /// Sends ten datagrams from the service, each a flow of its own, and says how many came out where.
    func send() async throws -> [String: UInt64] {
        let before = try meter()
        // Never a port twice: the kernel drops the first packet of a flow that it masqueraded at another exit.
        let first = nextPort.wrappingAdd(10, ordering: .relaxed).oldValue
        let script = """
            import socket
            for port in range(\(first), \(first) + 10):
                one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                one.bind(("", port))
                try:
                    one.sendto(b"x", ("\(Self.far)", 9))
                except OSError:
                    pass
            """
        try await service.run(["python3", "-c", script])
        // On a busy machine a packet may still be on its way (an ARP answer, a softirq): wait until the meters have
        // been still for a while, so that a late packet at a wrong exit is counted, too.
        var count = try meter()
        var quiet = 0
        while quiet < 3 {
            try await Task.sleep(for: .milliseconds(quiet == 0 && count == before ? 60 : 20))
            let now = try meter()
            quiet = now == count ? quiet + 1 : 0
            count = now
        }
        return count.merging(before) { now, before in now - before }
    }

    private func meter() throws -> [String: UInt64] {
        var socket = try NftSocket(in: outside.open())
        return try socket.counters(of: NftTable(.ipv4, "gauge")).mapValues(\.packets)
    }
}

@Suite(.realRoot, .tags(.root)) struct PacketTests {
    static let nowhere: [String: UInt64] = ["by_line": 0, "by_tunnel": 0]

    @Test("Packets leave by the chosen exit and by no other, through every change between exits")
    func exits() async throws {
        try await TestWorld.with { world in
            let namespace = try world.gateway.open()
            // The control: a gateway that forwards and has no plan lets everything out by the line.
            try namespace.set([(.forwarding, 1)])
            #expect(try await world.send() == ["by_line": 10, "by_tunnel": 0])

            var gateway = try GatewaySockets(in: namespace)
            for before in Exit.allCases {
                for after in Exit.allCases {
                    for exit in [before, after] {
                        try gateway.converge(to: examplePlan(notes: exit))
                        let expected: [String: UInt64] =
                            switch exit {
                            case .default: ["by_line": 10, "by_tunnel": 0]
                            case .wireguard: ["by_line": 0, "by_tunnel": 10]
                            // Its tunnel is not there; and Tor takes no such packet.
                            case .openvpn, .tor: Self.nowhere
                            }
                        let found = try await world.send()
                        #expect(found == expected, "\(before) to \(after), at \(exit)")
                    }
                }
            }
        }
    }

    @Test("A closed exit answers every try at once: connections, datagrams, names that are asked of the gateway")
    func answered() async throws {
        try await TestWorld.with { world in
            var gateway = try GatewaySockets(in: world.gateway.open())
            try gateway.converge(to: examplePlan())
            try await world.gateway.ip("link set wg_ext0 down")
            let script = """
                import errno, socket
                for kind, target in 20 * [(socket.SOCK_STREAM, ("\(TestWorld.far)", 80)),
                                          (socket.SOCK_DGRAM, ("\(TestWorld.far)", 80)),
                                          (socket.SOCK_DGRAM, ("172.20.0.9", 53))]:
                    with socket.socket(socket.AF_INET, kind) as one:
                        one.settimeout(1)
                        try:
                            one.connect(target)
                            one.send(b"x")
                            one.recv(1)
                        except OSError as error:
                            print(errno.errorcode.get(error.errno, "silence"))
                """
            let said = try await world.service.run(["python3", "-c", script])
            #expect(said.split(separator: "\n") == Array(repeating: "EHOSTUNREACH", count: 60))
            // An exit that is there is not refused.
            try await world.gateway.ip("link set wg_ext0 up")
            try gateway.converge(to: examplePlan())
            #expect(try await world.send() == ["by_line": 0, "by_tunnel": 10])
        }
    }

    @Test("Drops are counted by service, and a service that goes takes its figure along")
    func drops() async throws {
        try await TestWorld.with { world in
            var gateway = try GatewaySockets(in: world.gateway.open())
            let plan = try examplePlan()
            let notes = try #require(plan.services.first?.addresses.first)
            try gateway.converge(to: plan)
            #expect(try gateway.drops().services == [:])
            // Nothing of a service goes to the gateway itself.
            let ask = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('172.20.0.9', 7))"
            for _ in 0..<3 { try await world.service.run(["python3", "-c", ask]) }
            #expect(try gateway.drops().services == [notes: 3])
            // What packets put there is no difference.
            #expect(try gateway.converge(to: plan) == [])
            let without = try EgressPlan(gateway: plan.gateway, services: Array(plan.services.dropFirst()))
            #expect(
                try gateway.converge(to: without) == [
                    "remove 1 element of the map egress_of of inet pic_egress",
                    "remove 1 element of the set drops of inet pic_egress", "cut the flows of \(notes)",
                ])
            // Who has no exit is not counted.
            try await world.service.run(["python3", "-c", ask])
            #expect(try gateway.drops().services == [:])
        }
    }

    @Test("A service that no plan knows, one whose tunnel is down, and one without our table send nothing")
    func closed() async throws {
        try await TestWorld.with { world in
            var gateway = try GatewaySockets(in: world.gateway.open())
            let plan = try examplePlan()
            try gateway.converge(to: plan)
            #expect(try await world.send() == ["by_line": 0, "by_tunnel": 10])

            try await world.gateway.ip("link set wg_ext0 down")
            #expect(try await world.send() == Self.nowhere)
            try await world.gateway.ip("link set wg_ext0 up")
            try gateway.converge(to: plan)
            #expect(try await world.send() == ["by_line": 0, "by_tunnel": 10])

            try gateway.converge(to: EgressPlan(gateway: plan.gateway, services: Array(plan.services.dropFirst())))
            #expect(try await world.send() == Self.nowhere)
        }
        try await TestWorld.with { world in
            // Only the rules: no mark is ever set, and the last rule closes.
            let plan = try examplePlan(notes: .default)
            let namespace = try world.gateway.open()
            var routing = try RouteSocket(in: namespace)
            try namespace.set([(.forwarding, 1)])
            #expect(try await world.send() == ["by_line": 10, "by_tunnel": 0])
            for rule in plan.rules { try routing.add(rule) }
            #expect(try await world.send() == Self.nowhere)
        }
    }
}
