import Glibc
import Netfilter

/// One gateway's namespace and a plan of so many services, all by WireGuard but the first, which is switched.
struct Bench: ~Copyable {
    private var gateway: GatewaySockets
    private var nftables: NftSocket
    private var flows: FlowSocket
    private var services: [EgressService]
    private let surroundings: EgressGateway
    private let clock = ContinuousClock()

    init(_ path: String) throws {
        let surroundings = try Self.surroundings()
        let namespace = try NetworkNamespace(path: path)
        let gateway = try GatewaySockets(in: namespace)
        let nftables = try NftSocket(in: namespace)
        let flows = try FlowSocket(in: namespace)
        self.gateway = gateway
        self.nftables = nftables
        self.flows = flows
        self.surroundings = surroundings
        services = []
    }

    private static func surroundings() throws -> EgressGateway {
        guard let pool = IPv4Range("172.20.0.20-172.20.99.254"), let subnet = IPv4Prefix("172.20.0.0/16"),
            let address = IPv4Address("172.20.0.9"), let bridge = InterfaceName("eth0"),
            let wan = InterfaceName("eth1"), let peers = InterfaceName("wg0"), let wireguard = InterfaceName("wg_ext0"),
            let tunnel = InterfaceName("tun0")
        else { throw NetfilterError(.invalid, "the benchmark's own addresses can't be read") }
        return EgressGateway(
            pool: pool, subnet: subnet, address: address, bridge: bridge, wan: wan, peers: peers,
            tunnels: [.wireguard: wireguard, .openvpn: tunnel], resolvers: [.wireguard: address])
    }

    private func plan(_ exit: Exit = .wireguard) throws -> EgressPlan {
        let first = services.prefix(1).map { EgressService(id: $0.id, addresses: $0.addresses, exit: exit) }
        return try EgressPlan(gateway: surroundings, services: first + services.dropFirst())
    }

    /// Programs everything from nothing.
    /// - Returns: seconds for the table alone, one batch; for making the whole change; and for all of it, with reading,
    ///   comparing and reading back.
    mutating func program(_ count: Int) throws -> [String: [Double]] {
        _ = try gateway.reset()
        services = (0..<count).map { number in
            let address = IPv4Address(number: surroundings.pool.first.number + UInt32(number))
            return EgressService(id: "service\(number)", addresses: [address], exit: .wireguard)
        }
        let plan = try plan()
        let batch = try plan.change(from: gateway.read(for: plan)).batch
        let start = clock.now
        try nftables.commit(batch)
        let committed = clock.now
        _ = try nftables.removeIfPresent([EgressPlan.table])
        let begin = clock.now
        let change = try plan.change(from: gateway.read(for: plan))
        let compared = clock.now
        try gateway.apply(change)
        let applied = clock.now
        try gateway.converge(to: plan)
        return [
            "batch": [seconds(committed - start)], "apply": [seconds(applied - compared)],
            "whole": [seconds(clock.now - begin)],
        ]
    }

    /// Switches the first service to and fro.
    /// - Returns: seconds of each commit alone (two elements, sent and acknowledged), and of each whole switch (read,
    ///   compare, commit, cut the flows, read back).
    mutating func exchange(_ count: Int) throws -> [String: [Double]] {
        let (one, other) = (try plan(), try plan(.default))
        try gateway.converge(to: one)
        var wholes: [Double] = []
        for number in 0..<min(count, 200) {
            let plan = number.isMultiple(of: 2) ? other : one
            let begin = clock.now
            try gateway.converge(to: plan)
            wholes.append(seconds(clock.now - begin))
        }
        // The same table once more, but it belongs to the socket that commits alone.
        _ = try gateway.reset()
        try nftables.commit(one.change(from: gateway.read(for: one)).batch)
        let there = try other.change(from: gateway.read(for: other)).batch
        try nftables.commit(there)
        let back = try one.change(from: gateway.read(for: one)).batch
        var commits: [Double] = []
        for number in 0..<count {
            let batch = number.isMultiple(of: 2) ? back : there
            let begin = clock.now
            try nftables.commit(batch)
            commits.append(seconds(clock.now - begin))
        }
        _ = try nftables.removeIfPresent([EgressPlan.table])
        return ["commit": commits, "whole": wholes]
    }

    /// Gives an address another exit, in a table that somebody else has programmed: what `egress set` sends.
    /// - Returns: nanoseconds of CLOCK_MONOTONIC before the commit was sent, and after flows were cut.
    mutating func move(_ address: IPv4Address, from before: Exit, to after: Exit) throws -> [UInt64] {
        let elements = { (exit: Exit) in [NftElement(NftValue(address), to: NftValue(exit.mark))] }
        var batch = NftBatch()
        batch.remove(elements(before), from: EgressPlan.exitOf, in: EgressPlan.table)
        batch.add(elements(after), to: EgressPlan.exitOf, in: EgressPlan.table)
        let begin = Self.now()
        try nftables.commit(batch)
        try flows.cut([address])
        return [begin, Self.now()]
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Looks without a reason.
    /// - Returns: seconds for reading, for comparing, and for a whole reconcile; it fails when anything was changed.
    mutating func reconcile(_ count: Int) throws -> [String: [Double]] {
        let plan = try plan()
        try gateway.converge(to: plan)
        let generation = try nftables.generation()
        var figures: [String: [Double]] = [:]
        for _ in 0..<count {
            let begin = clock.now
            let state = try gateway.read(for: plan)
            let read = clock.now
            guard try plan.change(from: state).isEmpty else {
                throw NetfilterError(.lost, "a state that was as planned is not so any more")
            }
            figures["read", default: []].append(seconds(read - begin))
            figures["compare", default: []].append(seconds(clock.now - read))
            let again = clock.now
            try gateway.converge(to: plan)
            figures["whole", default: []].append(seconds(clock.now - again))
        }
        guard try nftables.generation() == generation else {
            throw NetfilterError(.lost, "a reconcile without a change sent one")
        }
        return figures
    }

    private func seconds(_ duration: Duration) -> Double {
        let parts = duration.components
        return Double(parts.seconds) + Double(parts.attoseconds) / 1e18
    }
}
