import Registry
import Testing

@Suite("What a compose template may hold")
struct ComposeAllowedTests {
    @Test(
        "keys that stay within the container",
        arguments: [
            "command: [run, --verbose, 5, true]", "command: run it", "entrypoint: ['/bin/sh', '-c', 'echo $$HOME']",
            "user: 1000", "user: www-data:1000", "working_dir: /data", "init: true", "read_only: true", "tty: false",
            "stdin_open: true", "restart: no", "restart: on-failure:3", "stop_signal: SIGINT",
            "stop_grace_period: 1m30s",
            "mem_limit: 512m", "mem_reservation: 100000000", "shm_size: 1gb", "cpus: 0.5", "cpus: '2'",
            "pids_limit: 100",
            "tmpfs: /run", "tmpfs: [/tmp, '/run/x:size=64m,mode=1777']", "expose: [8080, '9090']", "cap_drop: [ALL]",
            "cap_drop: [NET_RAW, CHOWN]", "dns: [172.20.0.9]", "hostname: cell-notes", "hostname: notes.${PIC_DOMAIN}",
            "environment: [A=, B=x=y, 'C=${PIC_DOMAIN}']", "environment: {A: '', B: 5, C: true, _D: 1.5}",
            "environment: {}", "healthcheck: {test: [CMD, wget, '-q', 'http://localhost:${PIC_CFG_PORT}/']}",
            "healthcheck: {test: 'wget -q http://localhost || exit 1', interval: 30s, timeout: 5s, retries: 3, start_period: 1m}",
            "healthcheck: {disable: true}", "depends_on: []", "networks: [cell-network]", "networks: {cell-network: }",
            "networks: {cell-network: {}}", "networks: {cell-network: {ipv4_address: '${SERVICE_IP}'}}",
            "volumes: ['vol:/data:ro', 'vol:/var/lib/x', 'vol:/application', 'vol:/srv/cellar', 'vol:/opt/etc']",
            "volumes: [{type: volume, source: vol, target: /data, read_only: true}]",
        ])
    func allowed(_ lines: String) throws {
        let violations = try ComposeCase.notes(service: lines, top: "volumes:\n  vol:").violations()
        #expect(violations.isEmpty)
    }

    @Test(
        "images of the store",
        arguments: [
            "git.pic.ngo/roof/a:1", "git.pic.ngo/roof/a-b--c_d__e.f:V1.0_x-y",
            "git.pic.ngo/roof/a@sha256:" + String(repeating: "0f", count: 32),
            "git.pic.ngo/roof/a:1@sha256:" + String(repeating: "ab", count: 32),
        ])
    func images(_ image: String) throws {
        let text = "services: {cell-notes: {container_name: cell-notes, image: '\(image)'}}"
        #expect(try ComposeCase.notes(text).readBack()["services", "cell-notes", "image"] == .scalar(image))
    }

    @Test("bind mounts below declared paths are allowed and handed on, to be looked at on the disk")
    func binds() throws {
        let lines = """
            volumes:
              - ${PIC_PROJECT_DIR}/config/notes:/config:ro
              - ${PIC_PROJECT_DIR}/config/notes/sub/./x:/config/x
              - {type: bind, source: "${PIC_PROJECT_DIR}//data/notes/", target: /data}
            """
        let rendering = try ComposeCase.notes(service: lines).rendering()
        #expect(rendering.violations.isEmpty, "\(rendering.violations)")
        #expect(rendering.binds.map(\.source.rawValue) == ["config/notes", "config/notes/sub/x", "data/notes"])
        #expect(rendering.binds.map(\.target) == ["/config", "/config/x", "/data"])
        #expect(rendering.binds.allSatisfy { $0.container == "cell-notes" })
    }

    @Test("a host name below a domain that the admin chose is allowed")
    func hostname() throws {
        var email = try ComposeCase.fixture("email")
        let text = String(decoding: email.template ?? [], as: UTF8.self)
        email.template = Array(text.replacing("mail.${PIC_DOMAIN}", with: "mail.${PIC_CFG_DOMAIN}").utf8)
        #expect(try email.readBack()["services", "cell-mail", "hostname"] == .scalar("mail.example.org"))
    }

    @Test("a cell whose network has another name gets it, and only it")
    func network() throws {
        let notes = try ComposeCase.fixture("notes")
        let gateway = try #require(ServiceAddress("172.20.0.9"))
        let cell = try ComposeCell(
            domain: "a.b", name: "a", projectDirectory: "/srv/cell/", gateway: gateway, network: "home_net")
        let id = notes.manifest.id
        var secrets = ServiceSecrets()
        secrets.ensure(["DB_PASSWORD"], for: id)
        var leases = AddressLeases()
        try leases.allocate([notes.manifest.containerName], for: id)
        let rendering = try ComposeRendering(
            manifest: notes.manifest, template: notes.template, config: MergedConfig(notes.manifest, saved: [:]),
            secrets: secrets, leases: leases, cell: cell)
        let text = String(decoding: try rendering.composeFile(), as: UTF8.self)
        #expect(text.hasSuffix("  cell-network:\n    external: true\n    name: \"home_net\"\n"))
    }
}
