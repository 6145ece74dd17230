import TestSupport
import Testing

@testable import Registry

/// What a cell keeps of its services, damaged: each file is read, or refused with a reason; never a trap.
@Suite("Random damage of a cell's own files")
struct StateMutationTests {
    static let files: [(name: String, text: String, read: @Sendable ([UInt8]) throws -> Void)] = [
        (
            "cell_config.json",
            #"""
            {"identity": {"cell_name": "alice", "domain": "alice.pic.ngo"},
             "services": {"notes": {"egress": "tor", "config": {"port": 8080, "name": "x", "on": true}}}, "x": [1, 2.5e3]}
            """#, { _ = try CellConfig(parsing: $0) }
        ),
        (
            "ip_leases.json", #"{"notes": "172.20.0.20", "files": "172.20.0.21"}"#,
            { _ = try AddressLeases(parsing: $0) }
        ),
        (
            "service_secrets.json", #"{"notes": {"DB_PASSWORD": "x9-Zk", "TOKEN": "aaaa"}}"#,
            { _ = try ServiceSecrets(parsing: $0) }
        ),
        (
            "peer_service_credentials.json",
            #"{"alice": {"notes": {"username": "alice", "password": "p"}}, "bob": {"notes": {"password": "q"}}}"#,
            { _ = try PeerCredentials(parsing: $0) }
        ),
        (
            "index.json",
            #"{"services": [{"id": "notes", "name": "Notes", "version": "1.2.0", "description": "x", "path": "notes"}]}"#,
            { _ = try StoreIndex(parsing: $0, file: "index.json") }
        ),
        (
            "compose-template.yml",
            """
            services:
              notes:
                image: "notes:1.0@sha256:0000"
                container_name: cell-notes
                restart: unless-stopped
                environment: {A: "${X:-y}", B: 5}
                volumes: ["notes_data:/data"]
                deploy: {resources: {limits: {memory: 512m, cpus: "0.5"}}}
                networks: {cell-network: {ipv4_address: "${ADDRESS}"}}
            volumes: {notes_data: {}}
            """, { _ = try ComposeTemplate(parsing: $0) }
        ),
        (
            "picjobs.yml",
            "runtime: local\ncontainers: {a: b}\ncaddy:\n  port: 80\nservices: [a, b]\nretention:\n  keep_last: 3\n",
            { bytes in
                let (root, faults) = YAMLReader.read(bytes)
                for member in root?.mapping ?? [] { _ = "\(member.shownKey) \(member.value.shown)" }
                if let fault = faults.first { throw RegistryError(.configuration, fault) }
            }
        ),
    ]

    @Test("Every file", arguments: files.indices)
    func mutations(_ number: Int) throws {
        let file = Self.files[number]
        var mutator = Mutator(UInt64(number))
        let original = Array(file.text.utf8)
        var read = 0
        for _ in 0..<Mutator.count(1000) {
            let bytes = mutator.mutate(original)
            do {
                try file.read(bytes)
                read += 1
            } catch let error as RegistryError {
                #expect(!error.message.isEmpty && !error.message.utf8.contains(0x0A))
            }
        }
        #expect(read < Mutator.count(1000), "\(file.name): the damage is too mild")
    }
}
