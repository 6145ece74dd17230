import Netfilter
import TestSupport
import Testing

@Suite(.realRoot, .tags(.root)) struct RuleTests {
    /// The rules of the design, but for the prohibit rule's single network.
    static func rules() throws -> [RoutingRule] {
        let mask = Mark.mask
        let bridge = try #require(InterfaceName("eth0"))
        let source = try #require(IPv4Prefix("172.20.0.64/26"))
        return [
            RoutingRule(priority: 1000, .lookup(.main), suppressedLength: 0),
            RoutingRule(priority: 1100, .lookup(.main), mark: Exit.default.mark, mask: mask),
            RoutingRule(priority: 1110, .lookup(.wireguard), mark: Exit.wireguard.mark, mask: mask),
            RoutingRule(priority: 1199, .prohibit, source: IPPrefix(source), incoming: bridge),
        ]
    }

    @Test("`ip rule` shows the rules as they are meant, and they read back equal")
    func added() async throws {
        try await ScratchNamespace.with { scratch in
            let expected = """
                1000:	from all lookup main suppress_prefixlength 0 proto 112
                1100:	from all fwmark 0x1/0xff lookup main proto 112
                1110:	from all fwmark 0x10/0xff lookup 110 proto 112
                1199:	from 172.20.0.64/26 iif eth0 [detached] prohibit proto 112
                """
            let rules = try Self.rules()
            var socket = try RouteSocket(in: scratch.open())
            for rule in rules { try socket.add(rule) }
            #expect(try socket.rules(.ipv4).filter { $0.origin == .ours } == rules)
            let shown = try await scratch.ip("rule").split(separator: "\n").filter { $0.contains("proto 112") }
            #expect(shown.map { $0.trimmed } == expected.split(separator: "\n").map { String($0) })
            #expect(rules.map(\.description).last == "1199: from 172.20.0.64/26 iif eth0 prohibit")
        }
    }

    @Test("A rule is added once and removed once; the second time is told, with its priority")
    func twice() async throws {
        try await ScratchNamespace.with { scratch in
            let rule = RoutingRule(priority: 1110, .lookup(.wireguard), mark: Exit.wireguard.mark, mask: .mask)
            var socket = try RouteSocket(in: scratch.open())
            try socket.add(rule)
            let again = try #require(failure { () throws(NetfilterError) in try socket.add(rule) })
            #expect(again.code == .exists)
            #expect(
                again.message.hasPrefix("cannot add the rule 1110: from all fwmark 0x10/0xff lookup 110: it exists"))
            try socket.remove(rule)
            #expect(failure { () throws(NetfilterError) in try socket.remove(rule) }?.code == .notFound)
            #expect(try socket.rules(.ipv4).allSatisfy { $0.origin == .kernel })
        }
    }

    @Test(
        "A rule that somebody narrowed or turned round is not taken for ours",
        arguments: [
            "fwmark 0x10/0xff lookup 110 to 10.0.0.0/8", "not fwmark 0x10/0xff lookup 110",
            "fwmark 0x10/0xff ipproto tcp lookup 110", "fwmark 0x10/0xff tos 0x10 lookup 110",
            "fwmark 0x10/0xff uidrange 0-5 lookup 110", "fwmark 0x10/0xf0 lookup 110", "fwmark 0x10 lookup 110",
            "fwmark 0x10/0xff oif lo lookup 110", "fwmark 0x10/0xff lookup 120",
        ])
    func foreign(words: String) async throws {
        try await ScratchNamespace.with { scratch in
            try await scratch.ip("rule add priority 1110 protocol 112 \(words)")
            var socket = try RouteSocket(in: scratch.open())
            let ours = RoutingRule(priority: 1110, .lookup(.wireguard), mark: Exit.wireguard.mark, mask: .mask)
            let held = try #require(try socket.rules(.ipv4).first { $0.priority == 1110 })
            #expect(held.origin == .ours)
            #expect(held != ours)
        }
    }

    @Test("Rules and default tables of both families are listed")
    func families() async throws {
        try await ScratchNamespace.with { scratch in
            var socket = try RouteSocket(in: scratch.open())
            #expect(try socket.rules(.ipv4).map(\.priority) == [0, 32766, 32767])
            #expect(try socket.rules(.ipv6).map(\.priority) == [0, 32766])
            #expect(try socket.rules(.ipv6).map(\.action) == [.lookup(.local), .lookup(.main)])
        }
    }
}

extension Substring {
    /// Without the blank that `ip` leaves at the end.
    var trimmed: String {
        var text = String(self)
        while text.last == " " { text.removeLast() }
        return text
    }
}
