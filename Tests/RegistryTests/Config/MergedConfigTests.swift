import Registry
import Testing

@Suite("A service's configuration")
struct MergedConfigTests {
    @Test("defaults hold until the admin saves something; what the schema does not declare is left alone")
    func merging() throws {
        let email = try Fixture.manifest("email")
        let config = try MergedConfig(
            email, saved: ["domain": .string("example.org"), "message_size_mb": .integer(200), "gone": .boolean(true)])
        #expect(config.entries.map(\.field.key) == ["domain", "message_size_mb", "spam_filter"])
        #expect(config.entries.map(\.isSaved) == [true, true, false])
        #expect(config["domain"] == .string("example.org"))
        #expect(config["message_size_mb"]?.text == "200")
        #expect(config["spam_filter"]?.text == "true")
        #expect(config["gone"] == nil)
    }

    @Test("all faults are found, each with its place, its bound and the command that repairs it")
    func faults() throws {
        let error = #expect(throws: RegistryError.self) {
            try MergedConfig(
                Fixture.manifest("email"), saved: ["message_size_mb": .integer(201), "spam_filter": .string("yes")])
        }
        let place = "config/cell_config.json: /services/email/config/"
        #expect(error?.code == .configuration)
        #expect(
            error?.faults.map(\.description) == [
                place
                    + "domain: has no value, but the service needs one (\"Mail domain\"); set it with picjobs service "
                    + "config email domain=VALUE (--set while it is installed or updated)",
                place + "message_size_mb: is 201, must be at most 200; set it with picjobs service config email "
                    + "message_size_mb=VALUE (--set while it is installed or updated)",
                place + "spam_filter: is a text, must be true or false; set it with picjobs service config email "
                    + "spam_filter=VALUE (--set while it is installed or updated)",
            ])
    }

    @Test(
        "a value of another type, or out of bounds, is refused",
        arguments: [
            ("domain", ConfigValue.string(""), "is empty"), ("domain", .integer(5), "is a number, must be a text"),
            ("domain", .string(String(repeating: "x", count: 65537)), "has 65537 bytes"),
            ("message_size_mb", .integer(0), "is 0, must be at least 1"),
            ("message_size_mb", .boolean(true), "is a boolean, must be a whole number"),
            ("spam_filter", .integer(1), "is a number, must be true or false"),
        ])
    func refused(_ key: String, _ value: ConfigValue, _ words: String) throws {
        let saved = ["domain": ConfigValue.string("example.org")].merging([key: value]) { $1 }
        let error = #expect(throws: RegistryError.self) { try MergedConfig(Fixture.manifest("email"), saved: saved) }
        #expect(error?.faults.count == 1)
        #expect(error?.message.contains("/\(key): \(words)") == true, "\(error?.message ?? "")")
    }

    @Test("a default of the wrong type is blamed on the manifest")
    func wrongDefault() throws {
        let bytes = try Fixture.notes("\"default\": 8080", "\"default\": 70000")
        let manifest = try Manifest(parsing: bytes, file: "manifest.json")
        let error = #expect(throws: RegistryError.self) { try MergedConfig(manifest, saved: [:]) }
        #expect(error?.message.contains("/port: the manifest's default is 70000, must be at most 65535") == true)
        #expect(try MergedConfig(manifest, saved: ["port": .integer(80)])["port"] == .integer(80))
    }

    @Test("words become values of the field's type")
    func words() throws {
        let email = try Fixture.manifest("email")
        let parsed = try ConfigAssignment.parse(
            ["domain=a=b c", "message_size_mb=25", "spam_filter=false"], for: email)
        #expect(parsed.map(\.key) == ["domain", "message_size_mb", "spam_filter"])
        #expect(parsed.map(\.value) == [.string("a=b c"), .integer(25), .boolean(false)])
        #expect(try MergedConfig(email, saved: [:].setting(parsed))["domain"]?.text == "a=b c")
    }

    @Test(
        "a word that is none is refused with what would be right",
        arguments: [
            ("port", "\"port\" has no \"=\"; write KEY=VALUE"),
            ("speed=5", "\"speed\" is no field of its configuration; it has port, storage_path"),
            ("PORT=5", "\"PORT\" is no field of its configuration"),
            ("port=http", "port: \"http\" is not a whole number from 1 to 65535"),
            ("port=+80", "port: \"+80\" is not a whole number"), ("port=", "port: \"\" is not a whole number"),
            ("port=٨٠", "is not a whole number"), ("port=80\n", "is not a whole number"),
            ("port=99999999999999999999", "is not a whole number"), ("port=-1", "port is -1, must be at least 1"),
            ("port=65536", "port is 65536, must be at most 65535"),
        ])
    func badWord(_ word: String, _ words: String) throws {
        let error = #expect(throws: RegistryError.self) {
            try ConfigAssignment.parse([word], for: Fixture.manifest("notes"))
        }
        #expect(error?.code == .configuration)
        #expect(error?.message.hasPrefix("notes: ") == true)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test("all bad words are named at once, and a key that is set twice")
    func badWords() throws {
        let error = #expect(throws: RegistryError.self) {
            try ConfigAssignment.parse(["port=1", "port=2", "x", "port=0"], for: Fixture.manifest("notes"))
        }
        #expect(error?.faults.count == 3)
    }

    @Test("changed values are members of the document, and everything else stays as it was")
    func writing() throws {
        let notes = try Fixture.manifest("notes")
        let config = try CellConfig(parsing: Array(CellConfigTests.text.utf8))
        let parsed = try ConfigAssignment.parse(["storage_path=/y\"", "port=80"], for: notes)
        let text = String(
            decoding: JSONValue.object(config.setting(parsed, for: notes.id)).serialized(), as: UTF8.self)
        #expect(
            text
                == CellConfigTests.text.replacing("\"port\": 9090", with: "\"port\": 80")
                .replacing("\"/x\"", with: "\"/y\\\"\""))
        let unset = JSONValue.object(config.unsetting(["port"], for: notes.id)).serialized()
        #expect(try CellConfig(parsing: unset).service(notes.id).config["port"] == nil)
        let fresh = try CellConfig(parsing: JSONValue.object(CellConfig().setting(parsed, for: notes.id)).serialized())
        #expect(fresh.service(notes.id).config == ["port": .integer(80), "storage_path": .string("/y\"")])
    }
}
