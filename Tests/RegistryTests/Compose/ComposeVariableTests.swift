import Registry
import Testing

@Suite("Variables of compose templates")
struct ComposeVariableTests {
    private func value(_ text: String, saved: [String: ConfigValue] = [:]) throws -> Tree? {
        var notes = try ComposeCase.notes(service: "environment:\n  A: \(text)")
        notes.saved = saved
        return try notes.readBack()["services", "cell-notes", "environment", "A"]
    }

    @Test(
        "every variable of the guide has its value",
        arguments: [
            ("${PIC_CFG_PORT}", "8080"), ("${PIC_CFG_STORAGE_PATH}", "/data/notes"), ("${PIC_DOMAIN}", "alice.pic.ngo"),
            ("${PIC_CELL_NAME}", "alice"), ("${PIC_SERVICE_ID}", "notes"), ("${SERVICE_IP}", "172.20.0.20"),
            ("${PIC_PROJECT_DIR}", "/srv/cell"), ("\"${PIC_CELL_NAME}:${PIC_CFG_PORT}\"", "alice:8080"),
            ("'a$b'", ""), ("'$$'", "$"), ("'$${PIC_DOMAIN}'", "${PIC_DOMAIN}"), ("'5$ $1 $'", "5$ $1 $"),
            ("'$$$${PIC_CELL_NAME}'", "$${PIC_CELL_NAME}"), ("'$$${PIC_CELL_NAME}'", "$alice"), ("8080", "8080"),
            ("yes", "yes"), ("0644", "0644"), ("1.10", "1.10"), ("true", "true"), ("''", ""),
            ("\"\\x01\\u2028\"", "\u{1}\u{2028}"),
            ("|\n    two\n    lines\n", "two\nlines\n"),
        ])
    func values(_ text: String, _ expected: String) throws {
        if text == "'a$b'" {
            #expect(try ComposeCase.notes(service: "environment:\n  A: \(text)").violations().count == 1)
        } else {
            #expect(try value(text) == .scalar(expected))
        }
    }

    @Test("a value is put in once; what looks like a variable inside it stays")
    func onePass() throws {
        for text in ["${PIC_DOMAIN}", "$$", "$HOME", "${X:-y}", "$"] {
            #expect(
                try value("x${PIC_CFG_STORAGE_PATH}y", saved: ["storage_path": .string(text)]) == .scalar("x\(text)y"))
        }
    }

    @Test(
        "what is no variable is named",
        arguments: [
            ("${PIC_NOPE}", "\"${PIC_NOPE}\" is no variable"), ("${pic_domain}", "\"${pic_domain}\" is no variable"),
            ("${PIC_CFG_SPEED}", "\"${PIC_CFG_SPEED}\" is no field of config_schema"),
            ("${PIC_CFG_port}", "\"${PIC_CFG_port}\" is no field of config_schema"),
            ("${PIC_CFG_}", "\"${PIC_CFG_}\" is no variable"), ("${PIC_SECRET_}", "\"${PIC_SECRET_}\" is no variable"),
            (
                "$PIC_DOMAIN/x",
                "\"$PIC_DOMAIN\" is not replaced; write ${PIC_DOMAIN} for a variable, $$PIC_DOMAIN for this text"
            ),
            ("${PIC_DOMAIN:-x}", "\"${PIC_DOMAIN:-x}\" is no variable; only a plain ${NAME} is replaced"),
            ("'${PIC_DOMAIN?}'", "only a plain ${NAME}"), ("'${}'", "\"${}\" is no variable"),
            ("'${PIC_DOMAIN'", "\"${\" has no \"}\""), ("'${ PIC_DOMAIN }'", "only a plain ${NAME}"),
        ])
    func unknown(_ text: String, _ words: String) throws {
        let violations = try ComposeCase.notes(service: "environment:\n  A: \(text)").violations()
        #expect(violations.count == 1)
        #expect(violations.first?.hasPrefix("services.cell-notes.environment.A: ") == true)
        #expect(violations.first?.contains(words) == true, "\(violations)")
    }

    @Test("a variable without a value is an error, never an empty text")
    func unset() throws {
        var notes = try ComposeCase.notes(service: "environment:\n  A: ${PIC_DOMAIN}\n  B: ${PIC_CFG_STORAGE_PATH}")
        notes.domain = nil
        let bytes = try Fixture.notes(
            "\"Data directory inside container\",\n      \"default\": \"/data/notes\"", "\"Data\"")
        notes.manifest = try Manifest(parsing: bytes, file: "manifest.json")
        #expect(
            try notes.violations() == [
                "services.cell-notes.environment.A: ${PIC_DOMAIN} has no value [compose-variable]; set identity.domain in "
                    + "config/cell_config.json",
                "services.cell-notes.environment.B: ${PIC_CFG_STORAGE_PATH} has no value [compose-variable]; set it with "
                    + "picjobs service config notes storage_path=VALUE, or give it a default",
            ])
    }

    @Test("a key whose capital letters are those of another is ambiguous")
    func ambiguous() throws {
        var notes = try ComposeCase.notes(service: "environment:\n  A: ${PIC_CFG_PORT}")
        let bytes = try Fixture.notes(
            "\"config_schema\": {", "\"config_schema\": {\"PORT\": {\"type\": \"string\", \"label\": \"Port\"},")
        notes.manifest = try Manifest(parsing: bytes, file: "manifest.json")
        #expect(try notes.violations().first?.contains("could be any of \"PORT\", \"port\"") == true)
    }

    @Test("secrets are named in the order of their use, each once")
    func secretNames() throws {
        let text = "services: {a: {b: ['${PIC_SECRET_B}', '${PIC_SECRET_A}${PIC_SECRET_B}', '$${PIC_SECRET_C}']}}"
        #expect(try ComposeTemplate(parsing: Array(text.utf8)).secretNames == ["B", "A"])
    }

    @Test("a command that is one text is taken apart before values come in")
    func command() throws {
        var notes = try ComposeCase.notes(
            service: #"command: run --path ${PIC_CFG_STORAGE_PATH} 'a b' "c \"d" e\ f '' $$HOME"#)
        notes.saved = ["storage_path": .string("x --evil '")]
        let words = ["run", "--path", "x --evil '", "a b", "c \"d", "e f", "", "$HOME"]
        #expect(try notes.readBack()["services", "cell-notes", "command"] == .list(words.map { .scalar($0) }))
        let open = try ComposeCase.notes(service: "entrypoint: run 'x").violations()
        #expect(open.count == 1 && open.first?.contains("has a quote that is not closed") == true)
    }

    @Test(
        "a secret stands only where it is never shown",
        arguments: [
            ("environment: {A: '${PIC_SECRET_X}'}", true), ("environment: ['A=${PIC_SECRET_X}']", true),
            ("command: run ${PIC_SECRET_X}", true), ("entrypoint: ['${PIC_SECRET_X}']", true),
            ("healthcheck: {test: [CMD, '${PIC_SECRET_X}']}", true), ("environment: ['${PIC_SECRET_X}=A']", false),
            ("environment: ['${PIC_SECRET_X}']", false), ("environment: '${PIC_SECRET_X}'", false),
            ("hostname: '${PIC_SECRET_X}'", false), ("volumes: ['${PIC_SECRET_X}:/data']", false),
            ("tmpfs: '/${PIC_SECRET_X}'", false), ("user: '${PIC_SECRET_X}'", false),
        ])
    func secretPlaces(_ lines: String, _ isAllowed: Bool) throws {
        let notes = try ComposeCase.notes(service: lines)
        let secret = ComposeCase.secret("X")
        let violations = try notes.violations()
        #expect(violations.isEmpty == isAllowed, "\(violations)")
        #expect(!violations.joined().contains(secret))
        if isAllowed {
            #expect(try notes.file().contains(secret))
        } else {
            #expect(violations.contains { $0.contains("is a secret, which has no place here") }, "\(violations)")
        }
    }

    @Test("a secret that was not made is named")
    func noSecret() throws {
        let notes = try ComposeCase.fixture("notes")
        let cell = try ComposeCell(
            domain: "a", name: "b", projectDirectory: "/srv/cell", gateway: #require(ServiceAddress("172.20.0.9")))
        let rendering = try ComposeRendering(
            manifest: notes.manifest, template: notes.template, config: MergedConfig(notes.manifest, saved: [:]),
            secrets: ServiceSecrets(), leases: AddressLeases(), cell: cell)
        let lines = rendering.violations.map(\.description)
        #expect(lines.contains { $0.contains("${PIC_SECRET_DB_PASSWORD} has no value") })
        #expect(lines.contains { $0.contains("${SERVICE_IP} has no value") })
        #expect(lines.contains { $0.contains("cell-notes has no lease") })
        #expect(lines.count == 3)
    }

    @Test("a project directory that is no absolute path is refused", arguments: ["", "/", "cell", "/srv/../etc"])
    func projectDirectory(_ path: String) throws {
        let gateway = try #require(ServiceAddress("172.20.0.9"))
        #expect(throws: RegistryError.self) {
            try ComposeCell(domain: nil, name: nil, projectDirectory: path, gateway: gateway)
        }
    }
}
