import Netfilter
import TestSupport
import Testing

@Suite(.realRoot, .tags(.root)) struct GatewayTests {
    /// A namespace with the links of a gateway, all of them veth pairs whose other end is in it, too.
    static func withGateway(_ body: (ScratchNamespace) async throws -> Void) async throws {
        try await ScratchNamespace.with { scratch in
            for (number, name) in ["eth0", "eth1", "wg0", "wg_ext0", "tun0"].enumerated() {
                try await scratch.ip("link add \(name) type veth peer name peer\(number)")
                try await scratch.ip("link set \(name) up")
                try await scratch.ip("link set peer\(number) up")
            }
            try await scratch.ip("address add 172.20.0.9/16 dev eth0")
            try await body(scratch)
        }
    }

    /// The table as a person would write it.
    static let text = """
        table inet pic_egress {
          counter killed { }
          counter refused { }
          map egress_of { type ipv4_addr : mark
            elements = { 172.20.0.21 : 0x10, 172.20.0.22 : 0x30, 172.20.0.23 : 0x30, 172.20.0.24 : 0x1 } }
          set services { type ipv4_addr; flags interval; elements = { 172.20.0.20-172.20.0.254 } }
          set exits { type mark . ifname; elements = { 0x1 . "eth1", 0x10 . "wg_ext0", 0x20 . "tun0" } }
          set inbound { type ipv4_addr . inet_proto . inet_service; elements = { 172.20.0.22 . tcp . 993 } }
          set drops { type ipv4_addr; size 65535; flags dynamic; }
          chain from_service {
            iifname != "eth0" counter name killed drop
            ct state new tcp flags & (fin|syn|rst|ack) != syn reject with tcp reset
            meta mark 0x10 tcp flags syn tcp option maxseg size set rt mtu
            meta mark 0x20 tcp flags syn tcp option maxseg size set rt mtu
            meta mark . oifname @exits accept
            ct direction reply ct state established,related accept
            meta mark != 0 update @drops { ip saddr counter }
            counter name killed drop
          }
          chain to_service {
            tcp flags syn tcp option maxseg size set rt mtu
            ct state established,related accept
            iifname "wg0" ip daddr . meta l4proto . th dport @inbound accept
            counter name refused drop
          }
          chain mark_pre { type filter hook prerouting priority -150;
            ct direction reply meta mark set ct mark
            ct direction original ip saddr @services meta mark set ip saddr map @egress_of
            ct direction original ip saddr @services ct mark set meta mark
          }
          chain nat_pre { type nat hook prerouting priority -100;
            meta mark 0x30 udp dport 53 redirect to :5353
            meta mark 0x30 meta l4proto tcp redirect to :9040
            meta mark 0x10 ip daddr 172.20.0.9 tcp dport 53 dnat ip to 10.64.0.1
            meta mark 0x10 ip daddr 172.20.0.9 udp dport 53 dnat ip to 10.64.0.1
          }
          chain closed { type filter hook prerouting priority -90;
            iifname "eth0" ct state new ip saddr @services fib daddr type != local fib daddr . mark oif missing reject with icmp admin-prohibited
          }
          chain local_in { type filter hook input priority 0;
            iifname "tun0" ct state invalid,new,untracked counter name refused drop
            iifname "wg_ext0" ct state invalid,new,untracked counter name refused drop
            tcp dport 9040 ct status dnat meta mark 0x30 accept
            udp dport 5353 ct status dnat meta mark 0x30 accept
            tcp dport 9040 drop
            udp dport 5353 drop
            ct direction original ip saddr @services tcp dport 53 drop
            ct direction original ip saddr @services udp dport 53 drop
            ct direction original ip saddr @services meta mark 0x1 accept
            ct direction original meta mark != 0 update @drops { ip saddr counter }
            ct direction original ip saddr @services drop
          }
          chain kill { type filter hook forward priority 0; policy accept;
            ip saddr 172.20.0.20-172.20.0.254 jump from_service
            ip daddr 172.20.0.20-172.20.0.254 jump to_service
            iifname "eth0" meta nfproto ipv6 counter drop
          }
          chain nat_post { type nat hook postrouting priority 100;
            ip saddr @services meta mark . oifname @exits masquerade
          }
        }
        """

    /// `nft -s list table`, without what differs by nature: the order of a hash, the owner, the flags' line.
    static func shown(_ scratch: ScratchNamespace, _ table: String = "inet pic_egress") async throws -> [String] {
        let text = try await scratch.nft("list table \(table)", options: ["-s"])
        let marks: Set<Character> = [",", "{", "}", " ", "\t"]
        return text.split(separator: "\n").map { $0.trimmed }.filter {
            !$0.hasPrefix("\tflags") && !$0.hasPrefix("table ")
        }.flatMap { line in
            line.contains("elements") || line.hasPrefix("\t\t\t")
                ? line.split { $0 == "," }.map { part in
                    var part = part[...]
                    while let first = part.first, marks.contains(first) { part.removeFirst() }
                    if part.hasPrefix("elements = { ") { part.removeFirst("elements = { ".count) }
                    while let last = part.last, marks.contains(last) { part.removeLast() }
                    return String(part)
                } : [line]
        }.sorted()
    }

    @Test("The whole table is what `nft` makes of the text in the design, and a second time there is nothing to do")
    func table() async throws {
        try await Self.withGateway { scratch in
            let plan = try examplePlan()
            var gateway = try GatewaySockets(in: scratch.open())
            #expect(try gateway.converge(to: plan).first == "add the table inet pic_egress")
            let generation = try gateway.read(for: plan).generation
            #expect(try gateway.converge(to: plan) == [])
            #expect(try gateway.read(for: plan).generation == generation)
            let ours = try await Self.shown(scratch)
            let golden = try await ScratchNamespace.with { other in
                try await other.nft(Self.text)
                return try await Self.shown(other)
            }
            #expect(ours == golden)
            #expect(ours.contains("172.20.0.21 : 0x00000010"))
        }
    }

    @Test("Rules and routes lead a marked packet into its tunnel, and to an error at once when the tunnel is down")
    func routes() async throws {
        try await Self.withGateway { scratch in
            var gateway = try GatewaySockets(in: scratch.open())
            let plan = try examplePlan()
            try gateway.converge(to: plan)
            let question = "route get 198.51.100.1 from 172.20.0.21 iif eth0 mark"
            #expect(try await scratch.ip("\(question) 0x10").contains("dev wg_ext0 table 110"))
            #expect(try await scratch.ip("\(question) 0x20").contains("dev tun0 table 120"))
            for (mark, words) in [("0x30", "No route to host"), ("0", "Permission denied")] {
                await #expect {
                    try await scratch.ip("\(question) \(mark)")
                } throws: {
                    "\($0)".contains(words)
                }
            }
            try await scratch.ip("link set wg_ext0 down")
            await #expect {
                try await scratch.ip("\(question) 0x10")
            } throws: {
                "\($0)".contains("No route to host")
            }
            #expect(try gateway.converge(to: plan) == [])
            try await scratch.ip("link set wg_ext0 up")
            #expect(try gateway.converge(to: plan).count == 1)
            #expect(try await scratch.ip("\(question) 0x10").contains("dev wg_ext0 table 110"))
        }
    }

    @Test(
        "What somebody deletes or adds with our number is repaired, and told step by step",
        arguments: [
            (
                "rule delete priority 1199 from 172.20.0.64/26",
                "add the rule 1199: from 172.20.0.64/26 iif eth0 prohibit"
            ),
            ("rule delete priority 1110", "add the rule 1110: from all fwmark 0x10/0xff lookup 110"),
            (
                "route delete unreachable default table 130",
                "add the route unreachable default table 130 metric 4294967294"
            ),
            ("rule add priority 900 protocol 112 lookup main", "remove the rule 900: from all lookup main"),
        ])
    func repaired(words: String, line: String) async throws {
        try await Self.withGateway { scratch in
            var gateway = try GatewaySockets(in: scratch.open())
            let plan = try examplePlan()
            try gateway.converge(to: plan)
            try await scratch.ip(words)
            #expect(try gateway.converge(to: plan) == [line])
            #expect(try gateway.converge(to: plan) == [])
        }
    }

    @Test("A tunnel that comes back with another number gets its route anew")
    func newIndex() async throws {
        try await Self.withGateway { scratch in
            var gateway = try GatewaySockets(in: scratch.open())
            let plan = try examplePlan()
            try gateway.converge(to: plan)
            try await scratch.ip("link delete tun0")
            #expect(try gateway.converge(to: plan) == [])
            try await scratch.ip("link add tun0 type veth peer name again")
            try await scratch.ip("link set again up")
            try await scratch.ip("link set tun0 up")
            #expect(try gateway.converge(to: plan).count == 1)
            #expect(try await scratch.ip("route show table 120").contains("default dev tun0 "))
        }
    }

    @Test("A gateway without its link to the cell's network is refused before anything is changed")
    func noBridge() async throws {
        try await ScratchNamespace.with { scratch in
            var gateway = try GatewaySockets(in: scratch.open())
            let error = try #require(
                failure { () throws(NetfilterError) in try gateway.converge(to: examplePlanOrFail()) })
            #expect(error.code == .notFound)
            #expect(error.message.contains("no link eth0"))
        }
    }

    /// The example, for a closure of typed errors.
    private func examplePlanOrFail() throws(NetfilterError) -> EgressPlan {
        do { return try examplePlan() } catch { throw NetfilterError(.invalid, "\(error)") }
    }
}
