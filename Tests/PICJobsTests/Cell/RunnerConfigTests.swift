import Netfilter
import Registry
import SystemPackage
import TestSupport
import Testing

@testable import Archive
@testable import Runs

@Suite("config/picjobs.yml")
struct RunnerConfigTests {
    private func read(_ yaml: String) throws -> RunnerConfig {
        try TemporaryDirectory.with { path in
            let cell = try JobCell(path)
            try cell.write("config/picjobs.yml", yaml)
            return try cell.open().config
        }
    }

    @Test("How sites are served is a word; off may stand there without quotes, where YAML takes it for false")
    func tls() throws {
        #expect(try read("caddy: {tls: off}").caddy.tls == .off)
        #expect(try read("caddy: {tls: \"off\"}").caddy.tls == .off)
        #expect(try read("caddy: {tls: acme}").caddy.tls == .acme)
        #expect(throws: RunError.self) { _ = try read("caddy: {tls: on}") }
    }

    @Test("Every key is read; an empty file means the defaults")
    func keys() throws {
        let config = try read(
            """
            runtime: local
            containers: {cell-notes: data/x}
            transport: exec
            backup_root: /srv/backups
            stall_timeout: 5
            docker: /opt/docker
            compression_level: 9
            keep_runs_days: 1
            """)
        #expect(config.runtime == .local)
        #expect(config.containers == ["cell-notes": "data/x"])
        #expect(config.backupRoot == "/srv/backups")
        #expect(config.stallTimeout == 5)
        #expect(config.docker == "/opt/docker")
        #expect(config.compressionLevel == 9)
        #expect(config.keepRunsDays == 1)
        let empty = try read("")
        #expect(empty.runtime == .docker)
        #expect(empty.stallTimeout == 300)
    }

    @Test("Where packets go is read key by key; an empty file means the design's addresses")
    func egress() throws {
        let config = try read(
            """
            network: {name: net, pool: 10.9.0.20-10.9.0.90, subnet: 10.9.0.0/24}
            gateway: {container: gate, namespace: /run/netns/g, address: 10.9.0.9, bridge_interface: eth1,
              wan_interface: eth2, peers_interface: wg7}
            host: {namespace: /run/netns/h, bridge: br0}
            service_namespaces: {cell-notes: /run/netns/n}
            egress: {resolvers: {default: 10.9.0.3, wireguard_ext: 10.64.0.1}}
            """
        ).egress
        #expect(config.network == "net")
        #expect("\(config.pool)" == "10.9.0.20-10.9.0.90")
        #expect("\(config.subnet)" == "10.9.0.0/24")
        #expect(config.gatewayContainer == "gate")
        #expect(config.gatewayNamespace == "/run/netns/g")
        #expect(config.gatewayAddress?.description == "10.9.0.9")
        #expect(
            [config.bridgeInterface, config.wanInterface, config.peersInterface].map(\.text) == ["eth1", "eth2", "wg7"])
        #expect(config.hostNamespace == "/run/netns/h")
        #expect(config.hostBridge?.text == "br0")
        #expect(config.serviceNamespaces == ["cell-notes": "/run/netns/n"])
        #expect(config.resolvers.mapValues(\.description) == [.default: "10.9.0.3", .wireguard: "10.64.0.1"])
        let empty = try read("").egress
        #expect("\(empty.pool) \(empty.subnet)" == "172.20.0.20-172.20.0.254 172.20.0.0/16")
        #expect(empty.gatewayContainer == "cell-wireguard")
        #expect(empty.peersInterface.text == "wg0")
    }

    @Test("All faults of where packets go are named at once")
    func egressFaults() throws {
        let error = #expect(throws: RunError.self) {
            try read(
                """
                network: {pool: 10.0.0.9-10.0.0.1, subnet: 10.0.0.0/33, size: big}
                gateway: {address: here, wan_interface: a/b}
                host: br0
                service_namespaces: {cell-notes: netns/n}
                egress: {resolvers: {tor: 10.0.0.1, default: x}, exits: y}
                """)
        }
        for words in [
            "network.pool must be like", "network.subnet must be like", "network.size is no key",
            "gateway.address must be an IPv4 address", "gateway.wan_interface: a/b is no name of a link",
            "host must be a mapping", "the path of cell-notes must be absolute", "(Tor has its own)",
            "that of default must be an IPv4 address", "egress.exits is no key",
        ] {
            #expect(error?.message.contains(words) == true, "\(words): \(error?.message ?? "")")
        }
    }

    @Test("All faults are named at once")
    func faults() throws {
        let error = #expect(throws: RunError.self) {
            try read(
                """
                runtime: podman
                stall_timeout: 0
                compression_level: 10
                backup_root: ""
                keep_runs_days: soon
                containers: [a]
                transport: direct
                tar: gtar
                """)
        }
        #expect(error?.code == .configuration)
        for word in [
            "runtime", "stall_timeout", "compression_level", "backup_root", "keep_runs_days", "containers", "transport",
            "tar is no key",
        ] {
            #expect(error?.message.contains(word) == true, "\(word)")
        }
    }

    @Test(
        "What is no mapping, no YAML or names no container is a fault of the configuration",
        arguments: [
            "backup_root: {{ x }}\n", "{{ x }}: a\n", "? [a]\n: b\n", "keep_runs_days: 999999999999999\n",
            "keep_runs_days: 99999999999999999999999\n", "stall_timeout: 1e9\n", "caddy: {port: -1}\n",
            "store: *x\n", "store: &x {index: *x}\n", "runtime: \0\n", "a: !!binary x\n", "--- a\n--- b\n",
            "- a\n", "a: [\n", "runtime: local\nruntime: docker\n", "containers: {'../x': a}\n",
        ])
    func broken(_ yaml: String) throws {
        let error = #expect(throws: RunError.self) { try read(yaml) }
        #expect(error?.code == .configuration)
        #expect(error?.message.contains("config/picjobs.yml") == true)
    }

    @Test("A fault has its line and column")
    func place() throws {
        let error = #expect(throws: RunError.self) {
            try read("runtime: local\ncaddy:\n  tls: later\n  port: 0\nbackup_root: {{ x }}\n")
        }
        let message = error?.message ?? ""
        for words in [
            "line 3, column 8: caddy.tls", "line 4, column 9: caddy.port", "line 5, column 15: a key must be",
        ] {
            #expect(message.contains(words), "\(message)")
        }
    }

    @Test("A small file that would grow beyond all bounds is refused at once")
    func bounds() throws {
        let bomb = (1...9).reduce("a0: &a0 [x, x, x, x, x, x, x, x, x]\n") { text, level in
            text + "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
                + "]\n"
        }
        let deep = "runtime: " + String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
        let long = "containers: {" + (0..<30_000).map { "a\($0): b" }.joined(separator: ", ") + "}"
        for text in [bomb, deep, long, "docker: " + String(repeating: "x", count: 2 << 20)] {
            let start = ContinuousClock.now
            #expect(throws: RunError.self) { try read(text) }
            #expect(ContinuousClock.now - start < .seconds(10))
        }
    }
}
