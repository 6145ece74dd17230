import Glibc
import Registry
import Testing

/// Values that try to become something else than a text.
struct HostileText {
    var generator: SeededGenerator

    static let crafted: [String] = [
        "", " ", "\n", "\t", "\r\n", "\"", "'", "\\", "`", "\"\n    privileged: true\n", "x\nprivileged: true",
        "x\"\n  privileged: true\n#", "'\nprivileged: true", "\\\"", "\\n", "\\", "a: b", "a:b", ": ", ":", "- a", "-",
        "#",
        " # comment", "a #b", "{", "}", "[", "]", "{a: b}", "[a, b]", ",", "&anchor", "*alias", "&", "*", "!",
        "!!binary eA==",
        "!!python/object/apply:os.system [id]", "%YAML 1.2", "---", "...", "--- a", "? a", "|", "|-\n  x", ">", "@",
        "<<",
        "<<: *default", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "NULL", "0", "0x1f", "0644",
        "1e3",
        "1_000", "12:30:45", "2001-12-14", ".inf", ".nan", "-0", "+1", "$", "$$", "$$$", "${", "${}", "${HOME}",
        "$HOME",
        "${PIC_DOMAIN}", "${PIC_SECRET_DB_PASSWORD}", "${SERVICE_IP}", "$${HOME}", "${HOME:-x}", "${X?err}", "$(id)",
        "`id`",
        "%(HOME)s", "{{.Name}}", "\u{1}", "\u{7f}", "\u{85}", "\u{a0}", "\u{2028}", "\u{2029}",
        "\u{feff}", "\u{fffe}", "\u{ffff}", "\u{fffd}", "\u{1f600}", "\u{10ffff}", "e\u{301}", "é", "\u{202e}txt",
        "\u{1b}[2J",
        "\u{200b}", "/var/run/docker.sock:/x", "../../etc", "a=b", "=", "a\u{b}b", "a\u{c}b", "  leading", "trailing  ",
        "\nleading", "trailing\n", "trailing\n\n", "tab\tinside", "a\\\nb", "\\x00", "\\u0000", "line\r", "\r",
    ]

    /// A crafted text, pieces of several, or random scalars; up to 10 KB.
    mutating func next() -> String {
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<40: return piece()
        case 40..<80: return (0..<Int.random(in: 2...6, using: &generator)).map { _ in piece() }.joined()
        case 80..<98:
            return String(
                String.UnicodeScalarView((0..<Int.random(in: 1...40, using: &generator)).map { _ in scalar() }))
        case 98: return String(repeating: piece() + "x", count: Int.random(in: 1...200, using: &generator))
        default: return String(String.UnicodeScalarView((0..<3000).map { _ in scalar() }))
        }
    }

    private mutating func piece() -> String { Self.crafted.randomElement(using: &generator) ?? "" }

    private mutating func scalar() -> Unicode.Scalar {
        let limit: UInt32 = [0x80, 0x80, 0x800, 0x1_0000, 0x11_0000].randomElement(using: &generator) ?? 0x80
        return Unicode.Scalar(UInt32.random(in: 1..<limit, using: &generator)) ?? "\u{fffd}"
    }
}

@Suite("Values never become structure")
struct ComposeInjectionTests {
    static let rounds = getenv("PICJOBS_COMPOSE_FUZZ").flatMap { Int(String(cString: $0)) } ?? 3000

    /// A service whose configuration has `count` texts, each alone, inside a text, in a list and in a command.
    static func probe(_ count: Int, values: [String]) throws -> ComposeCase {
        let fields = (0..<count).map { #""v\#($0)": {"type": "string", "label": "Value", "default": ""}"# }
        let manifest = try Manifest(
            parsing: Fixture.notes(
                "\"config_schema\": {", "\"config_schema\": {" + fields.joined(separator: ", ") + ","),
            file: "manifest.json")
        var text = """
            services:
              cell-notes:
                image: git.pic.ngo/roof/pic-notes:latest
                container_name: cell-notes
                environment:

            """
        for index in 0..<count {
            text += "      A\(index): ${PIC_CFG_V\(index)}\n      B\(index): \"<${PIC_CFG_V\(index)}>\"\n"
        }
        text += "    command: run \((0..<count).map { "${PIC_CFG_V\($0)}" }.joined(separator: " "))\n"
        text += "    entrypoint:\n" + (0..<count).map { "      - '>${PIC_CFG_V\($0)}'\n" }.joined()
        let saved = values.enumerated().map { ("v\($0)", ConfigValue.string($1)) }
        return ComposeCase(
            manifest: manifest, template: Array(text.utf8), saved: Dictionary(uniqueKeysWithValues: saved))
    }

    /// The places where the value of that index must stand.
    static func misread(_ tree: Tree, _ index: Int, _ value: String) -> Bool {
        guard let service = tree["services", "cell-notes"] else { return true }
        let found = [
            service["environment", "A\(index)"], service["environment", "B\(index)"],
            service["command", "\(index + 1)"], service["entrypoint", "\(index)"],
        ]
        let expected = [value, "<\(value)>", value, ">\(value)"].map { Optional(Tree.scalar($0)) }
        return !zip(found, expected).allSatisfy { same($0, $1) }
    }

    /// Equal to the byte: `==` of texts takes é and e\u{301} for one. The reader here drops a U+FEFF that a text begins
    /// with; `RealComposeTests` look at that one.
    private static func same(_ one: Tree?, _ other: Tree?) -> Bool {
        guard case .scalar(let one)? = one, case .scalar(let other)? = other else { return false }
        return one.utf8.elementsEqual(other.utf8) || "\u{feff}\(one)".utf8.elementsEqual(other.utf8)
    }

    @Test("no configured value changes the document's structure, and each reads back exactly")
    func config() throws {
        let harmless = try Self.probe(10, values: (0..<10).map { "v\($0)" }).readBack().structure
        var hostile = HostileText(generator: SeededGenerator(20))
        var tried = 0
        while tried < Self.rounds {
            let values = (0..<10).map { _ in hostile.next() }
            let tree = try Self.probe(10, values: values).readBack()
            try #require(tree.structure == harmless, "\(values)")
            for (index, value) in values.enumerated() {
                try #require(!Self.misread(tree, index, value), "\(value.debugDescription)")
            }
            tried += values.count
        }
    }

    @Test("every crafted value, alone")
    func crafted() throws {
        let harmless = try Self.probe(1, values: ["x"]).readBack().structure
        for value in HostileText.crafted {
            let tree = try Self.probe(1, values: [value]).readBack()
            try #require(tree.structure == harmless, "\(value.debugDescription)")
            try #require(!Self.misread(tree, 0, value), "\(value.debugDescription)")
        }
    }

    @Test("no value of the manifest's env changes the structure of the document without a template")
    func env() throws {
        var hostile = HostileText(generator: SeededGenerator(21))
        func rendered(_ values: [String]) throws -> Tree {
            let env = values.enumerated().map { index, value in
                var member = JSONObject()
                member["key"] = .string("E\(index)")
                member["value"] = .string(value)
                return JSONValue.object(member)
            }
            let bytes = try Fixture.notes(
                "\"env\": []", "\"env\": " + String(decoding: JSONValue.array(env).serialized(), as: UTF8.self))
            return try ComposeCase(manifest: Manifest(parsing: bytes, file: "manifest.json"), template: nil).readBack()
        }
        let harmless = try rendered((0..<10).map { "v\($0)" }).structure
        var tried = 0
        while tried < Self.rounds / 4 {
            let values = (0..<10).map { _ in hostile.next() }
            let tree = try rendered(values)
            try #require(tree.structure == harmless, "\(values)")
            for (index, value) in values.enumerated() {
                let found = tree["services", "cell-notes", "environment", "E\(index)"]
                try #require(Self.same(found, .scalar(value)), "\(value.debugDescription)")
            }
            tried += values.count
        }
    }

    @Test("a value in a place that the policy judges is either refused or does nothing")
    func judged() throws {
        let places = [
            "user: ", "working_dir: ", "hostname: ", "stop_signal: ", "mem_limit: ", "cpus: ", "restart: ",
            "volumes:\n  - vol:", "volumes:\n  - ", "tmpfs:\n  - ", "networks:\n  cell-network:\n    ipv4_address: ",
            "expose:\n  - ", "cap_drop:\n  - ", "environment:\n  - ", "depends_on:\n  - ", "dns:\n  - ",
        ]
        var hostile = HostileText(generator: SeededGenerator(22))
        for round in 0..<(Self.rounds / 4) {
            let place = places[round % places.count]
            var notes = try ComposeCase.notes(service: place + "${PIC_CFG_STORAGE_PATH}", top: "volumes:\n  vol:")
            notes.saved = ["storage_path": .string("/data")]
            let value = hostile.next()
            notes.saved = ["storage_path": .string(value)]
            let rendering = try notes.rendering()
            guard rendering.violations.isEmpty else { continue }
            let service = try #require(try notes.readBack()["services", "cell-notes"])
            guard case .members(let members) = service else { throw RegistryError(.system, "no mapping") }
            let usual = ["image", "container_name", "cap_drop", "dns", "networks"]
            let key = String(place.prefix { $0 != ":" })
            try #require(Set(members.keys) == Set(usual + [key]), "\(place) \(value.debugDescription)")
            try #require(rendering.binds.isEmpty)
        }
    }
}
