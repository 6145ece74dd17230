import Archive
import Runs
import Synchronization
import TestSupport

/// A cell with one service, whose host, gateway and service are network namespaces.
struct EgressCell {
    let files: JobCell
    let host: ScratchNamespace
    let gateway: ScratchNamespace
    let service: ScratchNamespace

    static func with(_ body: (EgressCell) async throws -> Void) async throws {
        try await TemporaryDirectory.with { path in
            try await ScratchNamespace.with { host in
                try await ScratchNamespace.with { gateway in
                    try await ScratchNamespace.with { service in
                        let cell = EgressCell(
                            files: try JobCell(path), host: host, gateway: gateway, service: service)
                        try await cell.connect()
                        try cell.configure()
                        try await body(cell)
                    }
                }
            }
        }
    }

    private func connect() async throws {
        try await host.ip("link add br-cell type bridge")
        try await host.ip("address add 172.20.0.1/16 dev br-cell")
        try await host.ip("link set br-cell up")
        for (container, number) in [(gateway, 9), (service, 21)] {
            try await host.ip("link add v\(number) type veth peer name eth0 netns \(container.name)")
            try await host.ip("link set v\(number) master br-cell up")
            try await container.ip("address add 172.20.0.\(number)/16 dev eth0")
            try await container.ip("link set eth0 up")
            try await container.ip("route add default via 172.20.0.1")
        }
        for link in ["wg0", "wg_ext0"] {
            try await gateway.ip("link add \(link) type veth peer name p-\(link)")
            try await gateway.ip("link set p-\(link) up")
            try await gateway.ip("link set \(link) up")
        }
    }

    private func configure() throws {
        try files.write(
            "config/picjobs.yml",
            """
            runtime: local
            containers: {cell-notes: data/containers/cell-notes}
            gateway: {namespace: \(gateway.path)}
            host: {namespace: \(host.path), bridge: br-cell}
            service_namespaces: {cell-notes: \(service.path)}
            egress: {resolvers: {default: 172.20.0.3, wireguard_ext: 10.64.0.1}}
            """)
        try files.write("data/ip_leases.json", #"{"notes": {"cell-notes": "172.20.0.21"}}"#)
    }

    func run(_ observer: any RunObserver = SilentObserver()) throws -> EgressRun {
        EgressRun(try files.open(), observer: observer) { _ in 1 }
    }

    /// The marks of addresses in the gateway's map, as `nft` shows them.
    func map() async throws -> String {
        try await gateway.nft("list map inet pic_egress egress_of")
    }
}

/// Keeps what a person would be told.
final class Notes: RunObserver {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func began(_ what: String, volume: VolumePlace, progress: TransferProgress, expected: UInt64?) {}
    func ended(volume: VolumePlace) {}
    func note(_ line: String) { lines.withLock { $0.append(line) } }

    /// Waits until a line holds these words.
    func wait(for words: String) async throws -> Bool {
        for _ in 0..<1000 {
            if all.contains(where: { $0.contains(words) }) { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }
}
