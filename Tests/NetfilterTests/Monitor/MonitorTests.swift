import Dispatch
import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import Netfilter

@Suite(.realRoot, .tags(.root)) struct MonitorTests {
    /// What is heard until nothing more comes for a while.
    private func hear(_ monitor: NetlinkMonitor) throws -> [NetlinkEvent] {
        var heard: [NetlinkEvent] = []
        while true {
            let events = try monitor.next(within: 200)
            if events.isEmpty { return heard }
            heard += events
        }
    }

    @Test("A link, a route, a rule and a commit of nftables are heard, in the words of the plan and with their writer")
    func events() async throws {
        try await ScratchNamespace.with { scratch in
            let monitor = try NetlinkMonitor()
            try monitor.watch(scratch.open(), as: "here")
            #expect(try monitor.next(within: 0) == [])

            try await scratch.ip("link add one type veth peer name two")
            try await scratch.ip("link set one up")
            let links = try hear(monitor)
            #expect(links.contains { $0.kind == .link(name: "one", isGone: false) })
            #expect(links.allSatisfy { $0.place == "here" })

            try await scratch.ip("route add unreachable default table 110 metric 7 protocol 112")
            let route = try #require(try hear(monitor).first)
            #expect(
                route.kind
                    == .route("unreachable default table 110 metric 7", table: .wireguard, isGone: false))
            #expect(route.writer.number > 1)

            // The link has its name in the sentence, also one that came after the monitor.
            try await scratch.ip("route add default dev one table 110 metric 10 protocol 112")
            #expect(
                try hear(monitor).first?.kind
                    == .route("default dev one table 110 metric 10", table: .wireguard, isGone: false))

            try await scratch.ip("rule add priority 1110 fwmark 0x10/0xff lookup 110 protocol 112")
            try await scratch.ip("rule delete priority 1110")
            let text = "1110: from all fwmark 0x10/0xff lookup 110"
            #expect(try hear(monitor).map(\.kind) == [.rule(text, isGone: false), .rule(text, isGone: true)])

            try await scratch.nft("add table inet other")
            let commit = try #require(try hear(monitor).first)
            #expect(commit.kind == .ruleset)
            #expect(commit.writer.program == "nft")
            #expect("\(commit.writer)" == "nft[\(commit.writer.number)]")

            try await scratch.ip("link delete one")
            #expect(try hear(monitor).contains { $0.kind == .link(name: "one", isGone: true) })

            monitor.forget("here")
            try await scratch.ip("link add three type veth peer name four")
            #expect(try hear(monitor) == [])
        }
    }

    @Test("Messages that were lost are told as such, and the next ones are heard again")
    func lost() async throws {
        try await ScratchNamespace.with { scratch in
            let monitor = try NetlinkMonitor()
            try monitor.watch(scratch.open(), as: "here", [.routing], bufferSize: 4096)
            var routing = try RouteSocket(in: scratch.open())
            try await scratch.ip("link add one type veth peer name two")
            for metric in 1...200 as ClosedRange<UInt32> {
                try routing.add(.unreachable(.tor, to: .all(.ipv4), metric: metric))
            }
            #expect(try hear(monitor).contains { $0.kind == .lost })
            try routing.remove(.unreachable(.tor, to: .all(.ipv4), metric: 1))
            let later = try hear(monitor)
            #expect(
                later.map(\.kind) == [.route("unreachable default table 130 metric 1", table: .tor, isGone: true)])
            #expect(later.first?.writer.isOwn == true)
        }
    }

    @Test("Another thread ends the waiting")
    func woken() throws {
        let monitor = try NetlinkMonitor()
        let wake = monitor.waker
        // A thread of its own: this test blocks one of those that tasks share.
        DispatchQueue(label: "waker").asyncAfter(deadline: .now() + 0.05) { wake() }
        let begin = ContinuousClock.now
        #expect(try monitor.next(within: 20_000) == [])
        #expect(ContinuousClock.now - begin < .seconds(10))
    }

    @Test("A writer is named by its program; one that is gone by its number; and the kernel")
    func writers() throws {
        #expect("\(NetlinkEvent.Writer(of: 0))" == "the kernel")
        for thread in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").compactMap(UInt32.init) {
            #expect(NetlinkEvent.Writer(thread: thread, name: "thread").number == UInt32(getpid()))
        }
        #expect("\(NetlinkEvent.Writer(thread: 4_194_303, name: "nft"))" == "nft[4194303]")
        #expect("\(NetlinkEvent.Writer(of: UInt32(getpid())))".hasSuffix("[\(getpid())]"))
        #expect(NetlinkEvent.Writer(of: NetlinkPort.next()).isOwn)
        #expect("\(NetlinkEvent.Writer(of: 4_194_303))" == "process 4194303 (gone by now)")
        #expect("\(NetlinkEvent.Writer(of: 4_000_000_000))" == "a program that the kernel does not name")
    }
}
