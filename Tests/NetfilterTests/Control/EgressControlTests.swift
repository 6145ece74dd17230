import TestSupport
import Testing

@testable import Netfilter

/// The three kinds of namespace: a host with the bridge, the gateway and one service on it.
struct TestCell {
    let host: ScratchNamespace
    let gateway: ScratchNamespace
    let service: ScratchNamespace

    static func with(_ body: (TestCell) async throws -> Void) async throws {
        try await ScratchNamespace.with { host in
            try await ScratchNamespace.with { gateway in
                try await ScratchNamespace.with { service in
                    let cell = TestCell(host: host, gateway: gateway, service: service)
                    try await host.ip("link add br-cell type bridge")
                    try await host.ip("address add 172.20.0.1/16 dev br-cell")
                    try await host.ip("link set br-cell up")
                    try await cell.plug(gateway, "172.20.0.9")
                    try await cell.plug(service, "172.20.0.21")
                    for link in ["eth1", "wg0", "wg_ext0"] {
                        try await gateway.ip("link add \(link) type veth peer name p-\(link)")
                        try await gateway.ip("link set p-\(link) up")
                        try await gateway.ip("link set \(link) up")
                    }
                    try await body(cell)
                }
            }
        }
    }

    /// As an engine does: a port of the bridge, an address, a way out by the host.
    func plug(_ container: ScratchNamespace, _ address: String) async throws {
        let port = "v" + address.split(separator: ".")[3]
        try await host.ip("link add \(port) type veth peer name eth0 netns \(container.name)")
        try await host.ip("link set \(port) master br-cell up")
        try await container.ip("address add \(address)/16 dev eth0")
        try await container.ip("link set eth0 up")
        try await container.ip("route add default via 172.20.0.1")
    }

    func places(service path: String? = nil) -> EgressPlaces {
        EgressPlaces(
            gateway: gateway.path, host: host.path, bridge: InterfaceName("br-cell"),
            containers: [
                .init(
                    name: "cell-notes", service: "notes", address: IPv4Address("172.20.0.21"),
                    namespace: path ?? service.path)
            ])
    }

    static func plan(_ exit: Exit) throws -> EgressPlan {
        let example = try examplePlan(notes: exit)
        return try EgressPlan(gateway: example.gateway, services: [example.services[0]])
    }
}

@Suite(.realRoot, .tags(.root)) struct EgressControlTests {
    @Test("Host, gateway and service are brought to the plan in this order; a second time nothing is sent")
    func converge() async throws {
        try await TestCell.with { cell in
            let control = EgressControl()
            let plan = try TestCell.plan(.wireguard)
            let pending = control.pending(plan, in: cell.places())
            #expect(pending.problems.map(\.message) == [])
            let report = control.converge(to: plan, in: cell.places())
            #expect(report.problems.map(\.message) == [])
            let places = report.steps.map(\.place)
            #expect(places.first == "host")
            #expect(places.last == "cell-notes")
            let programmed = try #require(places.lastIndex(of: "gateway"))
            let opened = try #require(report.steps.lastIndex { $0.line.contains("set gateway of bridge pic_guard") })
            #expect(opened > programmed)
            // What was foretold is what was done, but for the guard's two phases.
            #expect(Set(pending.steps).subtracting(report.steps).map(\.line).allSatisfy { $0.contains("pic_guard") })
            #expect(control.converge(to: plan, in: cell.places()).steps == [])
            #expect(EgressControl().pending(plan, in: cell.places()).steps == [])
            #expect(try await cell.service.ip("route show default").hasPrefix("default via 172.20.0.9 dev eth0"))

            let status = control.status(plan, in: cell.places())
            let notes = try #require(status.containers.first)
            #expect(notes.whyNot == nil)
            #expect([notes.isMapped, notes.isSteered, notes.isGuarded] == [true, true, true])
            #expect(status.isGatewayProgrammed)
            #expect(status.closedExits[.openvpn] == "there is no link tun0 in the gateway")
        }
    }

    @Test("After a reset nothing of ours is left, and the service has the way that the engine gave it")
    func reset() async throws {
        try await TestCell.with { cell in
            let control = EgressControl()
            _ = control.converge(to: try TestCell.plan(.tor), in: cell.places())
            let report = control.reset(try TestCell.plan(.tor), in: cell.places())
            #expect(report.problems.map(\.message) == [])
            #expect(report.steps.first?.place == "cell-notes")
            #expect(try await cell.service.ip("route show default").hasPrefix("default via 172.20.0.1 dev eth0"))
            for place in [cell.host, cell.gateway] { #expect(try await place.nft("list tables") == "") }
            #expect(try await cell.gateway.ip("route show table all protocol 112") == "")
            #expect(try await cell.gateway.ip("rule show").contains("pic") == false)
            #expect(control.reset(try TestCell.plan(.tor), in: cell.places()).steps == [])
        }
    }

    /// Converges until the tables have their new owner: a child that another test has just forked may hold the old one's
    /// sockets for a moment.
    private static func take(_ keeper: EgressControl, _ plan: EgressPlan, _ cell: TestCell) async throws {
        for _ in 0..<200 {
            #expect(keeper.converge(to: plan, in: cell.places()).steps == [])
            let tables = try await cell.host.nft("list ruleset") + cell.gateway.nft("list ruleset")
            if tables.split(separator: "flags owner").count == 4 { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("the tables never had an owner")
    }

    @Test("While a keeper lives nobody else changes the tables; another control takes over what it leaves")
    func ownership() async throws {
        try await TestCell.with { cell in
            let plan = try TestCell.plan(.wireguard)
            _ = EgressControl().converge(to: plan, in: cell.places())
            do {
                let keeper = EgressControl(isKeeper: true)
                try await Self.take(keeper, plan, cell)
                for place in [cell.host, cell.gateway] { try await place.nft("flush ruleset") }
                #expect(keeper.pending(plan, in: cell.places()).steps == [])
                await #expect {
                    try await cell.gateway.nft("delete table inet pic_egress")
                } throws: {
                    "\($0)".contains("not permitted")
                }
                // Another control finds nothing to do, and may not do anything either: it is told whose the table is.
                let other = EgressControl()
                #expect(other.converge(to: plan, in: cell.places()).steps == [])
                let refused = other.converge(to: try TestCell.plan(.default), in: cell.places())
                #expect(refused.problems.contains { $0.message.contains("the table belongs to") })
                #expect(keeper.pending(plan, in: cell.places()).steps == [])
            }
            // The sockets are closed: now the tables persist without an owner.
            let next = EgressControl(isKeeper: true)
            try await Self.take(next, plan, cell)
            await #expect(throws: (any Error).self) { try await cell.gateway.nft("delete table inet pic_egress") }
            #expect(next.converge(to: try TestCell.plan(.tor), in: cell.places()).problems.map(\.message) == [])
        }
    }

    @Test("A service in the host's own namespace is refused: its route is never laid there")
    func inHost() async throws {
        try await TestCell.with { cell in
            let report = EgressControl().converge(
                to: try TestCell.plan(.wireguard), in: cell.places(service: cell.host.path))
            #expect(report.problems.map(\.place) == ["cell-notes"])
            #expect(report.problems.first?.message.contains("connect it to the cell's network") == true)
            #expect(try await cell.host.ip("route show default") == "")
        }
    }

    @Test("Without a gateway the guard is up and the service is closed; a restarted one is found by its new namespace")
    func restart() async throws {
        try await TestCell.with { cell in
            let plan = try TestCell.plan(.wireguard)
            let control = EgressControl(isKeeper: true)
            var places = cell.places()
            places.gateway = nil
            let report = control.converge(to: plan, in: places)
            #expect(report.problems.map(\.place) == ["gateway"])
            #expect(report.steps.contains { $0.line == "add the table bridge pic_guard" })
            #expect(report.steps.allSatisfy { $0.place == "host" })
            #expect(control.status(plan, in: places).containers.first?.whyNot == "the gateway does not run")
            #expect(control.converge(to: plan, in: cell.places()).problems.map(\.message) == [])
        }
    }

    @Test("A container that nobody knows yet gets nothing out by IPv6 either, and what is routed to the pool stays out")
    func unknown() async throws {
        try await TestCell.with { cell in
            try await ScratchNamespace.with { stranger in
                try await cell.plug(stranger, "172.20.0.77")
                try await stranger.ip("address add fd00:20::77/64 dev eth0 nodad")
                try await cell.host.ip("address add fd00:20::1/64 dev br-cell nodad")
                try await stranger.ip("route add default via fd00:20::1")
                try await cell.host.ip("link add line type veth peer name far")
                for link in ["line", "far"] { try await cell.host.ip("link set \(link) up") }
                try await cell.host.ip("address add fd00:a::1/64 dev line nodad")
                try await cell.host.ip("neighbour add fd00:a::9 lladdr 02:00:00:00:00:09 dev line")
                try await cell.host.run(["sysctl", "-qw", "net.ipv6.conf.all.forwarding=1"])
                // Behind our own chains: what comes here would leave.
                try await cell.host.nft(
                    "table inet seen { counter left { }; chain c { type filter hook forward priority 10; "
                        + "meta nfproto ipv6 oifname \"line\" counter name left; }; }")
                let send =
                    "import socket; s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); "
                    + "[s.sendto(b'x', ('fd00:a::9', 9)) for n in range(10)]"
                func left() async throws -> UInt64 {
                    try await stranger.run(["python3", "-c", send])
                    try await Task.sleep(for: .milliseconds(300))
                    var socket = try NftSocket(in: cell.host.open())
                    return try socket.counters(of: NftTable(.inet, "seen"))["left"]?.packets ?? 0
                }
                // The control: it leaves.
                #expect(try await left() == 10)
                let report = EgressControl().converge(to: try TestCell.plan(.wireguard), in: cell.places())
                #expect(report.problems.map(\.message) == [])
                #expect(try await left() == 10)
            }
        }
    }

    @Test("Foreign chains that drop, and iptables-legacy, are told by plan and apply, and left alone")
    func strangers() async throws {
        try await TestCell.with { cell in
            let plan = try TestCell.plan(.wireguard)
            try await cell.gateway.nft(
                "table ip other { chain every { type filter hook forward priority 5; policy drop; }; }")
            try await cell.gateway.run(["iptables-legacy", "-t", "mangle", "-N", "own"])
            for report in [
                EgressControl().pending(plan, in: cell.places()),
                EgressControl().converge(to: plan, in: cell.places()),
            ] {
                #expect(report.findings.count == 2)
                #expect(report.findings.first?.contains("the chain every of the table ip other drops") == true)
                #expect(report.findings.last?.hasPrefix("iptables-legacy is in use beside our table (mangle)") == true)
            }
            #expect(try await cell.gateway.nft("list table ip other").contains("policy drop"))
        }
    }
}
