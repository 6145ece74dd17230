import FoundationEssentials
import Glibc
import Registry
import SystemPackage
import TestSupport
import Testing

extension Trait where Self == ConditionTrait {
    /// Runs only where docker-compose is; prints why it skips.
    fileprivate static var realCompose: Self {
        .enabled(
            if: Requirement.isStrict || RealComposeTests.program != nil,
            "needs docker-compose: apt-get install docker-compose")
    }
}

@Suite("Compose files as Compose itself reads them")
struct RealComposeTests {
    /// The program that reads Compose files without an engine; nil when there is none.
    static let program: String? = ["/usr/bin/docker-compose", "/usr/local/bin/docker-compose"].first {
        access($0, X_OK) == 0
    }

    /// What `docker-compose config` makes of a file.
    private func config(_ notes: ComposeCase) async throws -> Tree {
        let cell = try ScratchCell()
        try cell.write("docker-compose.yml", try notes.rendering().composeFile())
        let text = try await Tool.run(
            [
                "env", "-i", "PATH=/usr/bin:/bin", "HOME=/nonexistent", "LC_ALL=C.UTF-8", "PYTHONWARNINGS=ignore",
                Self.program ?? "", "-p", "pic-\(notes.manifest.id)", "-f", cell.path("docker-compose.yml"), "config",
            ])
        return try Tree(reading: text)
    }

    @Test(
        "every fixture is read as it was meant", .realCompose,
        arguments: Fixture.names)
    func fixtures(_ name: String) async throws {
        let fixture = try ComposeCase.fixture(name)
        let (seen, meant) = (try await config(fixture), try fixture.readBack())
        for container in try ComposeTemplate(fixture.template, for: fixture.manifest).containers(of: fixture.manifest) {
            for key in ["image", "container_name", "environment", "networks", "cap_drop", "dns", "hostname"] {
                #expect(seen["services", container.rawValue, key] == meant["services", container.rawValue, key])
            }
        }
        #expect(seen["volumes"] == meant["volumes"])
    }

    /// The environment as PyYAML reads the file, which is what Compose reads it with.
    private func environment(_ notes: ComposeCase) async throws -> [String: String] {
        let cell = try ScratchCell()
        try cell.write("docker-compose.yml", try notes.rendering().composeFile())
        let script = """
            import json, sys, yaml
            with open(sys.argv[1], encoding="utf-8") as file: document = yaml.safe_load(file)
            json.dump(document["services"]["cell-notes"]["environment"], sys.stdout)
            """
        let text = try await Tool.run(["python3", "-c", script, cell.path("docker-compose.yml")])
        return try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
    }

    @Test(
        "hostile values are the same to the byte in Compose's reader of YAML",
        .realCompose)
    func reader() async throws {
        var texts = HostileText(generator: SeededGenerator(24))
        for round in 0..<4 {
            let values = round == 0 ? HostileText.crafted : (0..<250).map { _ in texts.next() }
            let found = try await environment(ComposeInjectionTests.probe(values.count, values: values))
            for (index, value) in values.enumerated() {
                let read = found["A\(index)"]?.undoubled("$") ?? ""
                try #require(read.utf8.elementsEqual(value.utf8), "\(value.debugDescription)")
            }
        }
    }

    @Test(
        "500 hostile values read back from Compose exactly, and change nothing else",
        .realCompose)
    func hostile() async throws {
        let count = 50
        let harmless = try await config(ComposeInjectionTests.probe(count, values: (0..<count).map { "v\($0)" }))
        var texts = HostileText(generator: SeededGenerator(23))
        for round in 0..<10 {
            let values = (0..<count).map { index in
                let place = round * count + index
                let text = place < HostileText.crafted.count ? HostileText.crafted[place] : texts.next()
                // What Compose prints has a line feed for U+0085: its writer folds it. Its reader is looked at above.
                return String(text.unicodeScalars.filter { $0 != "\u{85}" })
            }
            let tree = try await config(ComposeInjectionTests.probe(count, values: values))
            try #require(tree.structure == harmless.structure)
            for (index, value) in values.enumerated() {
                #expect(!ComposeInjectionTests.misread(tree, index, value), "\(value.debugDescription)")
            }
        }
    }

    @Test(
        "whatever the policy allows, Compose takes", .realCompose)
    func everything() async throws {
        let lines = """
            command: [run, --verbose, 5, true]
            user: 1000
            working_dir: /data
            init: true
            read_only: true
            tty: false
            stdin_open: true
            restart: on-failure:3
            stop_signal: SIGINT
            stop_grace_period: 1m30s
            mem_limit: 512m
            mem_reservation: 100000000
            shm_size: 1gb
            cpus: 0.5
            pids_limit: 100
            tmpfs: [/tmp, "/run/x:size=64m,mode=1777"]
            expose: [8080, "9090"]
            cap_drop: [CHOWN]
            hostname: notes.${PIC_DOMAIN}
            environment: [A=, B=x=y]
            healthcheck: {test: "wget -q http://localhost || exit 1", interval: 30s, timeout: 5s, retries: 3, start_period: 1m}
            depends_on: []
            volumes:
              - vol:/data:ro
              - {type: volume, source: vol, target: /data2, read_only: true}
              - {type: bind, source: "${PIC_PROJECT_DIR}/config/notes", target: /config}
            """
        let tree = try await config(ComposeCase.notes(service: lines, top: "volumes:\n  vol:"))
        #expect(tree["services", "cell-notes", "user"] == .scalar("1000"))
        #expect(tree["services", "cell-notes", "cap_drop"] == .list([.scalar("CHOWN"), .scalar("NET_RAW")]))
    }
}
