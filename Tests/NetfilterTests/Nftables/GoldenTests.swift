import Netfilter
import TestSupport
import Testing

@Suite(.realRoot, .tags(.root)) struct GoldenTests {
    static let range = IPv4Range(IPv4Address(number: 0xac14_0014), IPv4Address(number: 0xac14_00fe))

    /// Each rule as `nft` is told it, and as it is made from our words.
    static func rules() throws -> [(text: String, rule: NftRule)] {
        let range = try #require(range)
        let wire = try #require(InterfaceName("wg0"))
        let resolver = try #require(IPv4Address("10.64.0.1"))
        func rule(_ words: [NftExpression]...) -> NftRule { NftRule("test", words.flatMap { $0 }) }
        return [
            ("ip saddr 172.20.0.20-172.20.0.254 jump other", rule(.source(in: range), .verdict(.jump("other")))),
            ("ip daddr 172.20.0.20-172.20.0.254 drop", rule(.destination(in: range), .verdict(.drop))),
            ("ip daddr 10.64.0.1 accept", rule(.destination(resolver), .verdict(.accept))),
            (
                "iifname wg0 meta nfproto ipv6 counter drop",
                rule(.comesIn(by: wire), .isIPv6, .count, .verdict(.drop))
            ),
            ("ct direction reply meta mark set ct mark", rule(.isReply, .restoreMark)),
            (
                "ct direction original ip saddr @services meta mark set ip saddr map @egress_of",
                rule(.isOriginal, .source(inSet: "services"), .markBySource(map: "egress_of"))
            ),
            (
                "ct direction original ip saddr @services ct mark set meta mark",
                rule(.isOriginal, .source(inSet: "services"), .saveMark)
            ),
            (
                "meta mark 0x30 udp dport 53 redirect to :5353",
                rule(.isMarked(Exit.tor.mark), .isTransport(.udp), .isForPort(53), .redirect(to: 5353))
            ),
            (
                "meta mark 0x10 tcp dport 53 dnat ip to 10.64.0.1",
                rule(.isMarked(Exit.wireguard.mark), .isTransport(.tcp), .isForPort(53), .sendTo(resolver))
            ),
            (
                "th dport 9040 ct status dnat meta mark 0x30 accept",
                rule(.isForPort(9040), .isRedirected, .isMarked(Exit.tor.mark), .verdict(.accept))
            ),
            (
                "ct state new tcp flags & (fin|syn|rst|ack) != syn reject with tcp reset",
                rule(.isNew, .isNoOpening, .reject(.tcpReset))
            ),
            (
                "iifname wg0 ct state new ip saddr @services fib daddr type != local fib daddr . mark oif missing drop",
                rule(
                    .comesIn(by: wire), .isNew, .source(inSet: "services"), .isForOthers, .hasNoWayOut,
                    .verdict(.drop))
            ),
            ("reject with icmp admin-prohibited", rule(.isIPv4, .reject(.icmp(13)))),
            (
                "meta mark != 0 update @drops { ip saddr counter }",
                rule(.isMarkedAtAll, .countSource(inSet: "drops"))
            ),
            (
                "meta mark 0x20 tcp flags syn tcp option maxseg size set rt mtu",
                rule(.isMarked(Exit.openvpn.mark), .clampMSS)
            ),
            ("meta mark . oifname @exits accept", rule(.markAndWayOut(inSet: "exits"), .verdict(.accept))),
            (
                "ct direction reply ct state established,related accept",
                rule(.isReply, .isEstablishedOrRelated, .verdict(.accept))
            ),
            ("counter name killed drop", rule(.count("killed"), .verdict(.drop))),
            (
                "iifname wg0 ip daddr . meta l4proto . th dport @inbound accept",
                rule(.comesIn(by: wire), .destinationAndPort(inSet: "inbound"), .verdict(.accept))
            ),
            (
                "ip saddr @services meta mark . oifname @exits masquerade",
                rule(.source(inSet: "services"), .markAndWayOut(inSet: "exits"), .masquerade)
            ),
        ]
    }

    /// The table that the rules refer to, in the words of `nft`.
    static let prologue = """
        table inet t {
            counter killed { }
            map egress_of { type ipv4_addr : mark; }
            set services { type ipv4_addr; flags interval; }
            set exits { type mark . ifname; }
            set drops { type ipv4_addr; size 65535; flags dynamic; }
            set inbound { type ipv4_addr . inet_proto . inet_service; }
            chain other { }
            chain test {
        """

    @Test("Every rule is the bytecode that `nft --debug=netlink` makes of its text")
    func bytecode() async throws {
        try await ScratchNamespace.with { scratch in
            let table = NftTable(.inet, "t")
            for (text, rule) in try Self.rules() {
                let script = Self.prologue + "\n        \(text)\n    }\n}\n"
                let said = try await scratch.nft(script, options: ["--debug=netlink", "--check"])
                // What stands behind the line of the rule's chain; before it come the sets.
                let lines = said.split(separator: "\n").map { $0.trimmed }
                let start = try #require(lines.lastIndex(of: "inet t test"))
                let golden = lines[(start + 1)...].map { line in
                    let line = line.drop { $0 == " " }
                    return line.hasPrefix("[ counter ") ? "[ counter ]" : String(line)
                }
                #expect(try rule.listing(in: table) == golden, "\(text)")
            }
        }
    }

    @Test("What the kernel holds reads back as what was sent, and `nft list` shows the text it was meant to be")
    func readBack() async throws {
        try await ScratchNamespace.with { scratch in
            let table = NftTable(.inet, "t")
            let rules = try Self.rules()
            var batch = NftBatch()
            batch.add(table)
            for set in [
                NftSet("egress_of", .ipv4Address, to: .mark), NftSet("services", .ipv4Address, isInterval: true),
                NftSet("exits", .mark, .interfaceName),
                NftSet("inbound", .ipv4Address, .internetProtocol, .port),
                NftSet("drops", .ipv4Address, isDynamic: true),
            ] {
                try batch.add(set, to: table)
            }
            batch.add(counter: "killed", to: table)
            try batch.add(NftChain("other"), to: table)
            // Each in a chain of its own kind: masquerade and redirect stand in nat chains only.
            let chains: [(String, NftChain.Base?, (String) -> Bool)] = [
                (
                    "pre", .init(.nat, .prerouting, priority: -100),
                    { $0.contains("redirect") || $0.contains("dnat ip") }
                ),
                ("early", .init(.filter, .prerouting, priority: -90), { $0.contains("fib ") }),
                ("post", .init(.nat, .postrouting, priority: 100), { $0.contains("masquerade") }),
                ("rest", .init(.filter, .forward, priority: 0), { _ in true }),
            ]
            var expected: [String: [[String]]] = [:]
            for (name, base, _) in chains { try batch.add(NftChain(name, base), to: table) }
            for (text, rule) in rules {
                let chain = try #require(chains.first { $0.2(text) }).0
                try batch.add(NftRule(chain, rule.expressions), to: table)
                expected[chain, default: []].append(try rule.listing(in: table))
            }
            var socket = try NftSocket(in: scratch.open())
            try socket.commit(batch)
            let held = try socket.listings(of: table)
            #expect(Set(held.keys) == Set(expected.keys))
            for (chain, listings) in expected {
                let pairs = zip(listings, held[chain] ?? [])
                #expect(pairs.allSatisfy { $0 == $1 }, "\(pairs.first { $0 != $1 }.map { "\($0)" } ?? "")")
                #expect(held[chain]?.count == listings.count)
            }
            let shown = try await scratch.nft("list ruleset")
            for line in [
                "type ipv4_addr : mark", "type mark . ifname", "type ipv4_addr . inet_proto . inet_service",
                "ip saddr 172.20.0.20-172.20.0.254 jump other",
                "ct state new tcp flags != syn / fin,syn,rst,ack reject with tcp reset",
                "meta mark . oifname @exits accept", "tcp option maxseg size set rt mtu",
                "meta mark 0x00000010 tcp dport 53 dnat ip to 10.64.0.1", "counter name \"killed\" drop",
                "type nat hook postrouting priority srcnat; policy accept;",
            ] {
                #expect(shown.contains(line), "\(line)")
            }
        }
    }
}
