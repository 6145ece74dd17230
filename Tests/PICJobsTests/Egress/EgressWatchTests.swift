import FoundationEssentials
import TestSupport
import Testing

@testable import Netfilter
@testable import Runs

@Suite("egress: watch", .realRoot, .tags(.root))
struct EgressWatchTests {
    private func watching(_ cell: EgressCell, _ body: (Notes) async throws -> Void) async throws {
        let notes = Notes()
        let watch = EgressWatch(try cell.files.open(), interval: 3600, observer: notes)
        let task = Task { try await watch.run() }
        #expect(try await notes.wait(for: "watching"))
        do {
            try await body(notes)
        } catch {
            task.cancel()
            _ = await task.result
            throw error
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("What somebody takes away is put back, and told with who did it; after the end everything stays")
    func repair() async throws {
        try await EgressCell.with { cell in
            try await watching(cell) { notes in
                try await cell.gateway.ip("rule delete priority 1110")
                #expect(
                    try await notes.wait(
                        for: "gateway: add the rule 1110: from all fwmark 0x10/0xff lookup 110; removed by"))
                try await cell.gateway.ip("route delete unreachable default table 130")
                #expect(try await notes.wait(for: "gateway: add the route unreachable default table 130"))
                try await cell.gateway.ip("link set wg_ext0 down")
                try await cell.gateway.ip("link set wg_ext0 up")
                #expect(try await notes.wait(for: "gateway: add the route default dev wg_ext0 table 110 metric 10"))
                try await cell.service.ip("route delete default")
                #expect(try await notes.wait(for: "cell-notes: put the default route via 172.20.0.9"))
                let told = notes.all.count
                try await cell.host.nft("flush ruleset")
                try await cell.gateway.nft("flush ruleset")
                // The link may be a moment from usable still: its state follows in the background.
                var pending = try await cell.run().plan().changes
                for _ in 0..<500 where !pending.isEmpty {
                    try await Task.sleep(for: .milliseconds(10))
                    pending = try await cell.run().plan().changes
                }
                #expect(pending == [], "\(notes.all)")
                // Our tables were not touched: nothing of them had to be brought back.
                try await Task.sleep(for: .milliseconds(1500))
                #expect(!notes.all.dropFirst(told).contains { $0.contains("pic_") }, "\(notes.all)")
            }
            let pending = try await cell.run().plan().changes
            #expect(pending == [])
        }
    }

    @Test("A command lets the watcher do its work; a second watcher is refused; nobody is blamed for what was asked")
    func asked() async throws {
        try await EgressCell.with { cell in
            try await watching(cell) { notes in
                let (_, outcome) = try await cell.run().set("notes", exit: "tor")
                #expect(outcome.exitCode == 0)
                #expect(try await cell.map().contains("172.20.0.21 : 0x00000030"))
                #expect(notes.all.allSatisfy { !$0.contains("; ") })
                let second = EgressWatch(try cell.files.open(), interval: 30, observer: SilentObserver())
                let error = await #expect(throws: RunError.self) { try await second.run() }
                #expect(error?.code == .busy)
                // After a reset it stays quiet, until it is asked again.
                _ = try await cell.run().reset()
                try await cell.gateway.ip("link set wg_ext0 down")
                try await cell.gateway.ip("link set wg_ext0 up")
                #expect(try await cell.gateway.nft("list tables") == "")
                #expect(try await cell.run().apply().1.exitCode == 0)
                #expect(try await cell.map().contains("172.20.0.21 : 0x00000030"))
            }
            #expect(FileManager.default.fileExists(atPath: cell.files.path + "/data/egress.sock") == false)
        }
    }

    @Test("Who did it: the last event that explains a repair, in the same place, and never ourselves")
    func culprits() {
        let ip = NetlinkEvent.Writer(number: 4711, program: "ip")
        let own = NetlinkEvent.Writer(number: UInt32(ProcessInfo.processInfo.processIdentifier), program: "picjobs")
        var culprits = Culprits()
        culprits.add([
            .init(place: "gateway", kind: .rule("1: x", isGone: true), writer: ip),
            .init(place: "gateway", kind: .link(name: "tun0", isGone: false), writer: ip),
            .init(place: "host", kind: .ruleset, writer: own),
        ])
        let steps = [
            ("gateway", "add the rule 1: x", "removed by ip[4711]"), ("host", "add the rule 1: x", nil),
            ("gateway", "add the route default dev tun0 table 120 metric 10", "the link tun0 changed"),
            ("host", "add the table bridge pic_guard", nil),
        ]
        let blamed = culprits.blame(steps.map { .init(place: $0.0, step: $0.1) })
        #expect(blamed.map(\.by) == steps.map(\.2))
    }
}
