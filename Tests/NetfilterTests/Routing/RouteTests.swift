import Netfilter
import TestSupport
import Testing

@Suite(.realRoot, .tags(.root)) struct RouteTests {
    static let last: UInt32 = 0xffff_fffe

    @Test("Links are listed with number, kind and whether they can carry packets")
    func links() async throws {
        try await ScratchNamespace.with { scratch in
            try await scratch.ip("link add wg_ext0 type veth peer name wg_peer")
            try await scratch.ip("link add br-cell type bridge")
            try await scratch.ip("link set wg_ext0 up")
            try await scratch.ip("link set wg_peer up")
            var socket = try RouteSocket(in: scratch.open())
            let links = try socket.links()
            #expect(links.map(\.name) == ["lo", "wg_peer", "wg_ext0", "br-cell"])
            #expect(links.map(\.kind) == [nil, "veth", "veth", "bridge"])
            #expect(links.map(\.isUsable) == [false, true, true, false])
            #expect(links.map(\.isLoopback) == [true, false, false, false])
        }
    }

    @Test("Addresses are the link's own, and the first of a network is told from the others")
    func addresses() async throws {
        try await ScratchNamespace.with { scratch in
            try await scratch.ip("link add eth0 type veth peer name peer0")
            try await scratch.ip("address add 172.20.0.9/16 dev eth0")
            try await scratch.ip("address add 172.20.0.10/16 dev eth0")
            try await scratch.ip("address add 10.8.0.2 peer 10.8.0.1 dev eth0")
            var socket = try RouteSocket(in: scratch.open())
            let addresses = try socket.addresses(.ipv4)
            #expect(
                Set(addresses.map { "\($0) \($0.isSecondary)" }) == [
                    "172.20.0.9/16 false", "172.20.0.10/16 true", "10.8.0.2/32 false",
                ])
        }
    }

    @Test("The routes of a table are as `ip route` shows them, in both families, and read back equal")
    func table() async throws {
        try await ScratchNamespace.with { scratch in
            try await scratch.ip("link add wg_ext0 type veth peer name wg_peer")
            try await scratch.ip("link set wg_ext0 up")
            try await scratch.ip("link set wg_peer up")
            var socket = try RouteSocket(in: scratch.open())
            let link = try #require(try socket.links().first { $0.name == "wg_ext0" }).index
            let routes: [Route] = [
                .unicast(.wireguard, to: .all(.ipv4), link: link, metric: 10),
                .unreachable(.wireguard, to: .all(.ipv4), metric: Self.last),
                .unicast(.wireguard, to: .all(.ipv6), link: link, metric: 10),
                .unreachable(.wireguard, to: .all(.ipv6), metric: Self.last),
            ]
            for route in routes { try socket.add(route) }
            #expect(try socket.routes(.ipv4, table: .wireguard) == Array(routes[..<2]))
            #expect(try socket.routes(.ipv6, table: .wireguard) == Array(routes[2...]))
            let shown = try await scratch.ip("route show table 110").split(separator: "\n").map { $0.trimmed }
            #expect(
                shown == [
                    "default dev wg_ext0 proto 112 scope link metric 10",
                    "unreachable default proto 112 metric 4294967294",
                ])
            let six = try await scratch.ip("-6 route show table 110").split(separator: "\n").map { $0.trimmed }
            #expect(
                six == [
                    "default dev wg_ext0 proto 112 metric 10 pref medium",
                    "unreachable default dev lo proto 112 metric 4294967294 pref medium",
                ])
            for route in routes { try socket.remove(route) }
            #expect(try socket.routes(.ipv4, table: .wireguard).isEmpty)
            #expect(try socket.routes(.ipv6, table: .wireguard).isEmpty)
        }
    }

    @Test("A table that never held anything is empty, and no error")
    func noTable() async throws {
        try await ScratchNamespace.with { scratch in
            var socket = try RouteSocket(in: scratch.open())
            #expect(try socket.routes(.ipv4, table: .tor).isEmpty)
            #expect(try socket.routes(.ipv6, table: .tor).isEmpty)
        }
    }

    @Test("A container's own default route is replaced, and only ours is removed")
    func replace() async throws {
        try await ScratchNamespace.with { scratch in
            try await scratch.ip("link add eth0 type veth peer name peer0")
            try await scratch.ip("address add 172.20.0.20/16 dev eth0")
            try await scratch.ip("link set eth0 up")
            try await scratch.ip("route add default via 172.20.0.1")
            var socket = try RouteSocket(in: scratch.open())
            let before = try #require(try socket.routes(.ipv4, table: .main).first { $0.destination.isAll })
            #expect(before.origin == .boot)
            let link = try #require(before.link)
            let gateway = try #require(IPv4Address("172.20.0.9"))
            let ours = Route.unicast(.main, to: .all(.ipv4), link: link, gateway: IPAddress(gateway), metric: 0)
            #expect(failure { () throws(NetfilterError) in try socket.remove(ours) }?.code == .notFound)
            try socket.replace(ours)
            #expect(try socket.routes(.ipv4, table: .main).filter { $0.destination.isAll } == [ours])
            #expect(try await scratch.ip("route show default").contains("via 172.20.0.9 dev eth0 proto 112"))
            let lines = try await scratch.ip("route show default").split(separator: "\n")
            #expect(lines.count == 1)
            let foreign = Route.unicast(
                .main, to: .all(.ipv4), link: link, gateway: before.gateway, metric: 0, origin: .boot)
            #expect(failure { () throws(NetfilterError) in try socket.remove(foreign) }?.code == .notFound)
        }
    }

    @Test("A route out by a link that is down, or that is not there, names the route and the reason")
    func refused() async throws {
        try await ScratchNamespace.with { scratch in
            try await scratch.ip("link add tun0 type veth peer name peer0")
            var socket = try RouteSocket(in: scratch.open())
            let link = try #require(try socket.links().first { $0.name == "tun0" }).index
            let down = try #require(
                failure { () throws(NetfilterError) in
                    try socket.add(.unicast(.openvpn, to: .all(.ipv4), link: link, metric: 10))
                })
            #expect(down.message.hasPrefix("cannot add the route default link \(link) table 120 metric 10: "))
            #expect(down.message.contains("the kernel says: "))
            let absent = try #require(
                failure { () throws(NetfilterError) in
                    try socket.add(.unicast(.openvpn, to: .all(.ipv4), link: 4711, metric: 10))
                })
            #expect(absent.code == .notFound)
        }
    }

    @Test("A dump is complete while another writer changes routes without a pause")
    func disturbed() async throws {
        try await ScratchNamespace.with { scratch in
            try await scratch.ip("link set lo up")
            let namespace = try scratch.open()
            var socket = try RouteSocket(in: namespace)
            for number in 0..<2000 as Range<UInt32> {
                let address = IPv4Address(number: 0x0a00_0000 + number)
                try socket.add(.unreachable(.tor, to: IPPrefix(.host(address)), metric: 1))
            }
            let writer = Task.detached {
                var writer = try RouteSocket(in: namespace)
                let route = Route.unreachable(.tor, to: .all(.ipv4), metric: 7)
                while !Task.isCancelled {
                    try writer.add(route)
                    try writer.remove(route)
                    try await Task.sleep(for: .milliseconds(2))
                }
            }
            for _ in 0..<20 {
                let held = try socket.routes(.ipv4, table: .tor).count { !$0.destination.isAll }
                #expect(held == 2000)
            }
            writer.cancel()
            do { try await writer.value } catch is CancellationError {}
        }
    }
}
