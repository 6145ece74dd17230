import Netfilter
import TestSupport
import Testing

@Suite(.realRoot, .tags(.root)) struct BatchTests {
    static let table = NftTable(.inet, "t")
    static let map = NftSet("egress_of", .ipv4Address, to: .mark)

    /// 10.0.0.0 and up, all with one exit.
    static func elements(_ count: UInt32, _ exit: Exit) -> [NftElement] {
        (0..<count).map { NftElement(NftValue(IPv4Address(number: 0x0a00_0000 + $0)), to: NftValue(exit.mark)) }
    }

    static func fresh() throws(NetfilterError) -> NftBatch {
        var batch = NftBatch()
        batch.add(table)
        try batch.add(map, to: table)
        return batch
    }

    @Test("Elements of maps, ranges and concatenations are shown by `nft` as they are meant, and read back equal")
    func elements() async throws {
        try await ScratchNamespace.with { scratch in
            let services = NftSet("services", .ipv4Address, isInterval: true)
            let exits = NftSet("exits", .mark, .interfaceName)
            let inbound = NftSet("inbound", .ipv4Address, .internetProtocol, .port)
            let address = NftValue(try #require(IPv4Address("172.20.0.21")))
            let wide = [NftElement.intervalStart] + NftElement.range(try #require(GoldenTests.range))
            let ways = [
                NftElement(NftValue(Exit.default.mark), NftValue(try #require(InterfaceName("eth0")))),
                NftElement(NftValue(Exit.wireguard.mark), NftValue(try #require(InterfaceName("wg_ext0")))),
            ]
            var batch = try Self.fresh()
            for set in [services, exits, inbound] { try batch.add(set, to: Self.table) }
            batch.add([NftElement(address, to: NftValue(Exit.wireguard.mark))], to: Self.map, in: Self.table)
            batch.add(wide, to: services, in: Self.table)
            batch.add(ways, to: exits, in: Self.table)
            batch.add([NftElement(address, NftValue(.tcp), NftValue(port: 993))], to: inbound, in: Self.table)
            var socket = try NftSocket(in: scratch.open())
            try socket.commit(batch)
            let shown = try await scratch.nft("list ruleset")
            for line in [
                "elements = { 172.20.0.21 : 0x00000010 }", "elements = { 172.20.0.20-172.20.0.254 }",
                "0x00000001 . \"eth0\"", "0x00000010 . \"wg_ext0\"", "elements = { 172.20.0.21 . tcp . 993 }",
            ] {
                #expect(shown.contains(line), "\(line) in \(shown)")
            }
            #expect(try socket.elements(of: services, in: Self.table) == Set(wide))
            #expect(try socket.elements(of: exits, in: Self.table) == Set(ways))
        }
    }

    @Test("A change of exit is one batch of two elements, and nothing else changes")
    func change() async throws {
        try await ScratchNamespace.with { scratch in
            var socket = try NftSocket(in: scratch.open())
            var batch = try Self.fresh()
            batch.add(Self.elements(3, .default), to: Self.map, in: Self.table)
            try socket.commit(batch)
            var change = NftBatch()
            change.remove(Self.elements(1, .default), from: Self.map, in: Self.table)
            change.add(Self.elements(1, .tor), to: Self.map, in: Self.table)
            try socket.commit(change)
            #expect(
                change.lines == [
                    "remove 1 element of the map egress_of of inet t", "add 1 element of the map egress_of of inet t",
                ])
            let expected = Self.elements(1, .tor) + Self.elements(3, .default)[1...]
            #expect(try socket.elements(of: Self.map, in: Self.table) == Set(expected))
        }
    }

    @Test("10 000 elements go in one batch, in lists below 64 KB, and all of them read back")
    func many() async throws {
        try await ScratchNamespace.with { scratch in
            var socket = try NftSocket(in: scratch.open())
            var batch = try Self.fresh()
            let elements = Self.elements(10_000, .wireguard)
            batch.add(elements, to: Self.map, in: Self.table)
            #expect(batch.count > 2 + 4)
            try socket.commit(batch)
            #expect(try socket.elements(of: Self.map, in: Self.table) == Set(elements))
        }
    }

    // The kernel's list loses elements, and names others twice, when the hash table grows meanwhile.
    @Test("Elements that were only just added are all listed, while the kernel makes room for them")
    func growing() async throws {
        try await ScratchNamespace.with { scratch in
            var socket = try NftSocket(in: scratch.open())
            for _ in 0..<20 {
                try socket.commit(try Self.fresh())
                for last in stride(from: 500 as UInt32, through: 4000, by: 500) {
                    var batch = NftBatch()
                    batch.add(Self.elements(last, .tor).suffix(500), to: Self.map, in: Self.table)
                    try socket.commit(batch)
                    #expect(try socket.elements(of: Self.map, in: Self.table) == Set(Self.elements(last, .tor)))
                }
                _ = try socket.removeIfPresent([Self.table])
            }
        }
    }

    @Test("One bad message voids the whole batch, and the error names that message")
    func voided() async throws {
        try await ScratchNamespace.with { scratch in
            var socket = try NftSocket(in: scratch.open())
            var batch = try Self.fresh()
            batch.add(Self.elements(2, .default), to: Self.map, in: Self.table)
            batch.remove(
                Self.elements(1, .tor).map { _ in
                    NftElement(NftValue(IPv4Address(number: 7)), to: NftValue(Exit.tor.mark))
                }, from: Self.map, in: Self.table)
            let error = try #require(failure { () throws(NetfilterError) in try socket.commit(batch) })
            #expect(error.code == .notFound)
            #expect(
                error.message.hasPrefix("cannot remove 1 element of the map egress_of of inet t: it does not exist"))
            #expect(try socket.tables().isEmpty)
            // The answers that the failed batch left behind do not disturb the next one.
            try socket.commit(Self.fresh())
            #expect(try socket.tables() == [Self.table])
        }
    }

    @Test("A batch made for an older state is refused as stale, and changes nothing")
    func stale() async throws {
        try await ScratchNamespace.with { scratch in
            var socket = try NftSocket(in: scratch.open())
            let before = try socket.generation()
            try await scratch.nft("add table ip somebody")
            let now = try socket.generation()
            #expect(now > before)
            let error = try #require(
                failure { () throws(NetfilterError) in try socket.commit(Self.fresh(), generation: before) })
            #expect(error.code == .stale)
            #expect(try socket.tables() == [NftTable(.ipv4, "somebody")])
            try socket.commit(Self.fresh(), generation: now)
            #expect(try socket.tables().contains(Self.table))
        }
    }

    @Test("An empty batch sends nothing")
    func empty() async throws {
        try await ScratchNamespace.with { scratch in
            var socket = try NftSocket(in: scratch.open())
            let before = try socket.generation()
            try socket.commit(NftBatch())
            #expect(try socket.generation() == before)
        }
    }

    @Test("An owned table survives `nft flush ruleset`, and the end of its owner, and is taken over by the next")
    func owned() async throws {
        try await ScratchNamespace.with { scratch in
            let namespace = try scratch.open()
            let table = NftTable(.inet, "t", flags: [.owner, .persist])
            var batch = NftBatch()
            batch.add(table)
            try batch.add(Self.map, to: table)
            do {
                var first = try NftSocket(in: namespace)
                try first.commit(batch)
                try await scratch.nft("flush ruleset")
                #expect(try first.tables() == [table])
                var other = try NftSocket(in: namespace)
                let error = failure { () throws(NetfilterError) in try other.commit(batch) }
                #expect(error?.code == .notPermitted)
            }
            var second = try NftSocket(in: namespace)
            try await Self.waitForRelease(&second)
            #expect(try second.tables() == [NftTable(.inet, "t", flags: .persist)])
            try second.commit(batch)
            #expect(try second.tables() == [table])
            try await scratch.nft("flush ruleset")
            #expect(try second.tables() == [table])
        }
    }

    /// A program that another test starts at this moment holds a copy of our sockets between fork and exec, and the
    /// kernel sees the end of the owner only when that is closed too.
    static func waitForRelease(_ socket: inout NftSocket) async throws {
        for _ in 0..<1000 {
            if try socket.tables().allSatisfy({ !$0.flags.contains(.owner) }) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    // The kernel takes the flag `owner` away when the owner's socket closes: the reason for a process that stays.
    @Test("A table whose owner has gone is open to `nft flush ruleset` until it is taken over")
    func orphaned() async throws {
        try await ScratchNamespace.with { scratch in
            let namespace = try scratch.open()
            var batch = NftBatch()
            batch.add(NftTable(.inet, "t", flags: [.owner, .persist]))
            do {
                var owner = try NftSocket(in: namespace)
                try owner.commit(batch)
            }
            var other = try NftSocket(in: namespace)
            try await Self.waitForRelease(&other)
            try await scratch.nft("flush ruleset")
            #expect(try other.tables().isEmpty)
        }
    }

    @Test("A counter object counts the packets that its rule drops")
    func counters() async throws {
        try await ScratchNamespace.with { scratch in
            try await scratch.ip("link set lo up")
            var batch = NftBatch()
            batch.add(Self.table)
            batch.add(counter: "killed", to: Self.table)
            let hook = NftChain("in", .init(.filter, .input, priority: 0))
            try batch.add(hook, to: Self.table)
            try batch.add(
                NftRule("in", .isTransport(.udp), .isForPort(9), .count("killed"), .verdict(.drop)), to: Self.table)
            var socket = try NftSocket(in: scratch.open())
            try socket.commit(batch)
            #expect(try socket.counters(of: Self.table)["killed"]?.packets == 0)
            try await scratch.run(["bash", "-c", "for n in 1 2 3; do echo x > /dev/udp/127.0.0.1/9; done"])
            #expect(try socket.counters(of: Self.table)["killed"]?.packets == 3)
        }
    }
}
