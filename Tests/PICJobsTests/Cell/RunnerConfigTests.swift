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

    @Test("Every key is read; keys of other parts are left to them; an empty file means the defaults")
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
            egress: {anything: true}
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
        arguments: ["- a\n", "a: [\n", "runtime: local\nruntime: docker\n", "containers: {'../x': a}\n"])
    func broken(_ yaml: String) throws {
        let error = #expect(throws: RunError.self) { try read(yaml) }
        #expect(error?.code == .configuration)
        #expect(error?.message.contains("config/picjobs.yml") == true)
    }
}
