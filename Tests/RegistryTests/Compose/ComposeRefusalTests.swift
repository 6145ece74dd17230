import Registry
import Testing

/// A template that breaks one rule in one place.
struct Forbidden: Sendable, CustomTestStringConvertible {
    let path: String
    let rule: ComposeRule
    /// Lines of the service, or of the top level.
    let lines: String
    var isTop = false
    /// The whole template, when it is not the usual one with the lines.
    var template: String?

    init(_ path: String, _ rule: ComposeRule = .key, _ lines: String) {
        self.path = "services.cell-notes." + path
        self.rule = rule
        self.lines = lines
    }

    init(top path: String, _ rule: ComposeRule, _ lines: String) {
        self.path = path
        self.rule = rule
        self.lines = lines
        isTop = true
    }

    /// The same with a template of its own.
    func replacing(_ template: String) -> Forbidden {
        var copy = self
        copy.template = template
        return copy
    }

    var testDescription: String { lines.replacing("\n", with: "⏎") }
}

@Suite("What a compose template must not hold")
struct ComposeRefusalTests {
    @Test("each forbidden key of a service is refused, alone", arguments: Self.serviceKeys)
    func serviceKey(_ lines: String) throws {
        let key = String(lines.prefix { $0 != ":" })
        let violations = try ComposeCase.notes(service: lines).rendering().violations
        #expect(violations.map(\.path) == ["services.cell-notes.\(key)"], "\(violations)")
        #expect(violations.map(\.rule) == [.key])
    }

    @Test("each forbidden value is refused, alone, with its place and rule", arguments: Self.values)
    func value(_ forbidden: Forbidden) throws {
        let lines = forbidden.lines
        let usual = try forbidden.isTop ? ComposeCase.notes(service: "", top: lines) : .notes(service: lines)
        let notes = try forbidden.template.map { try ComposeCase.notes($0) } ?? usual
        let violations = try notes.rendering().violations
        #expect(violations.map(\.path) == [forbidden.path], "\(violations)")
        #expect(violations.map(\.rule) == [forbidden.rule], "\(violations)")
        #expect(violations.allSatisfy { !$0.message.isEmpty && !$0.remedy.isEmpty })
    }

    @Test("a value from the admin or the manifest can't get around a rule", arguments: Self.resolved)
    func saved(_ lines: String, _ value: String, _ rule: ComposeRule) throws {
        var notes = try ComposeCase.notes(service: lines, top: "volumes:\n  data:")
        notes.saved = ["storage_path": .string(value)]
        let violations = try notes.rendering().violations
        #expect(violations.map(\.rule) == [rule], "\(violations)")
    }

    @Test("all violations of a document are named at once")
    func all() throws {
        let text = """
            name: other
            include: [x.yml]
            services:
              cell-notes:
                image: docker.io/library/nginx
                privileged: true
                network_mode: host
                volumes: ["/:/host", "data:/etc"]
              cell-api:
                image: git.pic.ngo/roof/x:1
                container_name: cell-api
            volumes:
              data: {driver_opts: {type: none, o: bind, device: /}}
            """
        let found = try ComposeCase.notes(text).rendering().violations.map { "\($0.path) \($0.rule.rawValue)" }
        #expect(
            found == [
                "name compose-key", "include compose-key", "volumes.data.driver_opts compose-volume",
                "services.cell-notes compose-containers", "services.cell-notes.image compose-image",
                "services.cell-notes.privileged compose-key", "services.cell-notes.network_mode compose-key",
                "services.cell-notes.volumes.0 compose-bind", "services.cell-notes.volumes.1 compose-mount",
                "services.cell-api compose-containers",
            ])
    }

    @Test("a path is declared by its bytes: another form of é is another directory")
    func bytes() throws {
        for (source, count) in [("e\u{301}", 1), ("\u{e9}", 0)] {
            var notes = try ComposeCase.notes(service: "volumes: ['${PIC_PROJECT_DIR}/config/\(source):/data']")
            notes.manifest = try Manifest(
                parsing: Fixture.notes("\"config/notes\"", "\"config/\u{e9}\""), file: "manifest.json")
            #expect(try notes.rendering().violations.count == count)
        }
    }

    @Test("every rule has a fixture that breaks only it")
    func everyRule() {
        let broken = Set(Self.values.map(\.rule)).union(Self.resolved.map(\.2)).union([.syntax, .variable, .key])
        #expect(broken == Set(ComposeRule.allCases))
        #expect(ComposeRule.allCases.allSatisfy { !$0.text.isEmpty && !$0.remedy.isEmpty })
    }

    @Test("a service of the manifest's containers must be there, under its own name")
    func containers() throws {
        #expect(try ComposeCase.notes("services: {}").rendering().violations.map(\.rule) == [.containers])
        var email = try ComposeCase.fixture("email")
        let text = String(decoding: email.template ?? [], as: UTF8.self)
        email.template = Array(text.replacing("container_name: cell-rainloop", with: "container_name: cell-mail").utf8)
        #expect(try email.rendering().violations.map(\.path) == ["services.cell-rainloop.container_name"])
        email.template = Array(text.replacing("container_name: cell-rainloop", with: "").utf8)
        #expect(try email.rendering().violations.map(\.path) == ["services.cell-rainloop"])
        // Two containers at one address.
        let both = text.replacing("- cell-network", with: "cell-network: {ipv4_address: \"${SERVICE_IP}\"}")
        email.template = Array(both.utf8)
        #expect(
            try email.rendering().violations.map(\.path) == [
                "services.cell-rainloop.networks.cell-network.ipv4_address"
            ])
    }

    @Test(
        "a manifest that declares the cell's own files gives no access to them",
        arguments: [
            "config", "config/caddy", "data/services/notes", "config/cell_config.json",
            "data/service_secrets.json",
            "jobs", "config/dns/services.hosts", "data/runs",
        ])
    func reserved(_ path: String) throws {
        var notes = try ComposeCase.notes(service: "volumes: ['${PIC_PROJECT_DIR}/\(path):/data']")
        notes.manifest = try Manifest(
            parsing: Fixture.notes("\"config/notes\"", "\"\(path)\""), file: "manifest.json")
        #expect(try notes.rendering().violations.map(\.rule) == [.bind])
        #expect(try notes.rendering().binds.isEmpty)
    }
}
