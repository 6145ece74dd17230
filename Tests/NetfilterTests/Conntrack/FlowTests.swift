import TestSupport
import Testing

@testable import Netfilter

@Suite(.realRoot, .tags(.root)) struct FlowTests {
    /// Two flows from .21, one from .22, and one *to* .21, written by the conntrack tool.
    private func fill(_ scratch: ScratchNamespace) async throws {
        // A rule that looks at flows: without one, the kernel keeps none in this namespace.
        try await scratch.nft(
            "table inet t { chain c { type filter hook prerouting priority 0; ct state established accept; }; }")
        let flows = [
            ("172.20.0.21", "198.51.100.1", "tcp", 1000), ("172.20.0.21", "198.51.100.2", "udp", 1001),
            ("172.20.0.22", "198.51.100.1", "tcp", 1002), ("198.51.100.1", "172.20.0.21", "tcp", 1003),
        ]
        for (source, target, transport, port) in flows {
            let state = transport == "tcp" ? ["--state", "ESTABLISHED"] : []
            try await scratch.run(
                [
                    "conntrack", "-I", "-s", source, "-d", target, "-p", transport, "--sport", "\(port)", "--dport",
                    "80",
                    "-t", "600",
                ] + state)
        }
    }

    private func sources(_ scratch: ScratchNamespace) async throws -> [String] {
        try await scratch.run(["conntrack", "-L", "-o", "extended"]).split(separator: "\n").compactMap { line in
            line.split(separator: " ").first { $0.hasPrefix("src=") }.map { String($0.dropFirst(4)) }
        }.sorted()
    }

    @Test(
        "All flows from one address go, in one message or one by one; those of others and those to it stay",
        arguments: [true, false])
    func cut(inOneMessage: Bool) async throws {
        try await ScratchNamespace.with { scratch in
            try await fill(scratch)
            #expect(try await sources(scratch) == ["172.20.0.21", "172.20.0.21", "172.20.0.22", "198.51.100.1"])
            let source = try #require(IPv4Address("172.20.0.21"))
            var flows =
                try inOneMessage
                ? FlowSocket(in: scratch.open()) : FlowSocket(oneByOneIn: scratch.open())
            #expect(try flows.count(from: source) == 2)
            try flows.cut([source])
            #expect(try await sources(scratch) == ["172.20.0.22", "198.51.100.1"])
            // There is none any more, and that is no error.
            try flows.cut([source])
            try flows.cut([])
            #expect(try await sources(scratch) == ["172.20.0.22", "198.51.100.1"])
        }
    }

    @Test("Many sources at once are looked for in one list")
    func many() async throws {
        try await ScratchNamespace.with { scratch in
            try await fill(scratch)
            var flows = try FlowSocket(in: scratch.open())
            let many = try (20...60).map { try #require(IPv4Address("172.20.0.\($0)")) }
            try flows.cut(Set(many))
            #expect(try await sources(scratch) == ["198.51.100.1"])
        }
    }
}
