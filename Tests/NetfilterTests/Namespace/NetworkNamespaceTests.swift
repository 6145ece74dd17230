import Glibc
import Netfilter
import TestSupport
import Testing

@Suite(.realRoot, .tags(.root)) struct NetworkNamespaceTests {
    @Test("A closure runs inside the namespace and the caller stays where it was")
    func runs() async throws {
        try await ScratchNamespace.with { scratch in
            let namespace = try scratch.open()
            let outside = try NetworkNamespace.current().identity()
            let inside = try namespace.run { () throws(NetfilterError) in try NetworkNamespace.current().identity() }
            #expect(try inside == namespace.identity())
            #expect(inside != outside)
            #expect(try NetworkNamespace.current().identity() == outside)
        }
    }

    @Test("An error of the closure comes out as it is")
    func throwing() async throws {
        try await ScratchNamespace.with { scratch in
            let namespace = try scratch.open()
            #expect {
                try namespace.run { () throws(NetfilterError) in throw NetfilterError(.stale, "mine") }
            } throws: {
                ($0 as? NetfilterError)?.message == "mine"
            }
        }
    }

    @Test("A namespace stays open when its name is removed")
    func outlivesItsName() async throws {
        let namespace = try await ScratchNamespace.with { try $0.open() }
        let identity = try namespace.identity()
        #expect(
            try namespace.run { () throws(NetfilterError) in try NetworkNamespace.current().identity() } == identity)
    }

    @Test(
        "A path without anything, a plain file and another kind of namespace are refused, each with its reason",
        arguments: [
            ("/run/netns/picjobs-nowhere", NetfilterError.Code.notFound, "does not exist"),
            ("/etc/passwd", .invalid, "no network namespace"), ("/proc/self/ns/mnt", .invalid, "no network namespace"),
        ])
    func refused(path: String, code: NetfilterError.Code, words: String) {
        #expect {
            try NetworkNamespace(path: path)
        } throws: { error in
            guard let error = error as? NetfilterError else { return false }
            return error.code == code && error.message.contains(words) && error.message.contains(path)
        }
    }

    @Test("A setting is written inside the namespace only, and only when it differs")
    func sysctl() async throws {
        try await ScratchNamespace.with { scratch in
            let namespace = try scratch.open()
            let outside = try NetworkNamespace.current().values(of: [.sourceValidMark(.all)])
            let settings: [(setting: Sysctl, value: Int)] = [
                (.sourceValidMark(.all), 1), (.sendRedirects(.all), 0), (.forwarding, 1),
            ]
            #expect(try namespace.set(settings).contains(.sourceValidMark(.all)))
            #expect(try await scratch.run(["cat", "/proc/sys/net/ipv4/conf/all/src_valid_mark"]) == "1\n")
            #expect(try await scratch.run(["cat", "/proc/sys/net/ipv4/ip_forward"]) == "1\n")
            #expect(try namespace.set(settings).isEmpty)
            #expect(try NetworkNamespace.current().values(of: [.sourceValidMark(.all)]) == outside)
        }
    }

    @Test("A setting of a link that is gone names the link")
    func sysctlOfNoLink() async throws {
        try await ScratchNamespace.with { scratch in
            let namespace = try scratch.open()
            let link = try #require(InterfaceName("tun7"))
            #expect {
                try namespace.set([(.acceptRedirects(.link(link)), 0)])
            } throws: { error in
                guard let error = error as? NetfilterError else { return false }
                return error.code == .notFound && error.message.contains("tun7/accept_redirects")
            }
        }
    }

    @Test("Many threads enter different namespaces at once without getting into each other's")
    func concurrently() async throws {
        try await ScratchNamespace.with { one in
            try await ScratchNamespace.with { two in
                let pair = [try one.open(), try two.open()]
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    for turn in 0..<64 {
                        let namespace = pair[turn % 2]
                        group.addTask {
                            let inside = try namespace.run { () throws(NetfilterError) in
                                try NetworkNamespace.current().identity()
                            }
                            return try inside == namespace.identity()
                        }
                    }
                    for try await isRight in group { #expect(isRight) }
                }
            }
        }
    }
}
