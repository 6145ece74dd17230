import Registry
import SystemPackage
import Testing

@Suite("The cell's own configuration")
struct CellConfigTests {
    static let text = """
        {
          "zeta": [
            1.50,
            1e3,
            -0,
            "\\u0007é\\n",
            {},
            []
          ],
          "identity": {
            "cell_name": "alice",
            "domain": "alice.pic.ngo",
            "motto": null
          },
          "services": {
            "notes": {
              "config": {
                "port": 9090,
                "storage_path": "/x",
                "flag": false,
                "unset": null
              },
              "egress": "tor",
              "note": true
            }
          },
          "alpha": 12345678901234567890123
        }

        """

    @Test("identity and settings are read")
    func reading() throws {
        let config = try CellConfig(parsing: Array(Self.text.utf8))
        #expect(config.identity.cellName == "alice")
        #expect(config.identity.domain == "alice.pic.ngo")
        let settings = try config.service(#require(ServiceID("notes")))
        #expect(settings.config == ["port": .integer(9090), "storage_path": .string("/x"), "flag": .boolean(false)])
        #expect(settings.egress == "tor")
        #expect(try config.service(#require(ServiceID("files"))) == ServiceSettings())
    }

    @Test("a chosen exit is one value of the document, and everything else stays")
    func chosenExit() throws {
        let config = try CellConfig(parsing: Array(Self.text.utf8))
        let changed = config.setting(exit: .wireguardExternal, for: try #require(ServiceID("notes")))
        let text = String(decoding: JSONValue.object(changed).serialized(), as: UTF8.self)
        #expect(text == Self.text.replacing("\"tor\"", with: "\"wireguard_ext\""))
        let other = try CellConfig(
            parsing: JSONValue.object(config.setting(exit: .tor, for: try #require(ServiceID("files")))).serialized())
        #expect(other.service(try #require(ServiceID("files"))).egress == "tor")
        #expect(other.service(try #require(ServiceID("notes"))) == config.service(try #require(ServiceID("notes"))))
    }

    @Test("what we do not know is written back as it was, in its order")
    func roundTrip() throws {
        let config = try CellConfig(parsing: Array(Self.text.utf8))
        #expect(String(decoding: JSONValue.object(config.document).serialized(), as: UTF8.self) == Self.text)
        var document = config.document
        document["zeta"] = nil
        document["alpha"] = .bool(true)
        document["new"] = .null
        #expect(document.keys == ["identity", "services", "alpha", "new"])
        #expect(document["alpha"] == .bool(true))
    }

    @Test("a missing file, with or without its directory, is an empty configuration")
    func missing() throws {
        let cell = try ScratchCell()
        #expect(try CellConfig(of: cell.layout) == CellConfig())
        try cell.makeDirectory("config")
        #expect(try CellConfig(of: cell.layout) == CellConfig())
        try cell.write("config/cell_config.json", Array(Self.text.utf8))
        #expect(try CellConfig(of: cell.layout).identity.cellName == "alice")
    }

    @Test(
        "a bad file is a clear error",
        arguments: [
            ("", "line 1, column 1: the file ends here; expected a value"),
            ("[]", "is an array, must be an object"),
            ("{\"identity\": 7}", "/identity: is a number, must be an object"),
            ("{\"identity\": {\"domain\": 7}}", "/identity/domain: is a number, must be a string"),
            (
                "{\"services\": {\"notes\": {\"egress\": 5}}}",
                "/services/notes/egress: is a number, must be a string"
            ),
            (
                "{\"services\": {\"notes\": {\"config\": {\"a\": []}}}}",
                "/services/notes/config/a: is an array, must be a string, a whole number or a boolean"
            ),
        ])
    func bad(_ text: String, _ sentence: String) throws {
        let error = #expect(throws: RegistryError.self) { try CellConfig(parsing: Array(text.utf8)) }
        #expect(error?.code == .configuration)
        #expect(error?.message == "config/cell_config.json: " + sentence)
    }

    @Test("a link or a directory in its place is a clear error")
    func noFile() throws {
        let cell = try ScratchCell()
        try cell.write("other.json", Array("{}".utf8))
        try cell.makeDirectory("config")
        try cell.link("config/cell_config.json", to: "../other.json")
        let link = #expect(throws: RegistryError.self) { try CellConfig(of: cell.layout) }
        #expect(
            link?.message == "config/cell_config.json: is a symbolic link; put the file itself in its place")
        let second = try ScratchCell()
        try second.makeDirectory("config/cell_config.json")
        let directory = #expect(throws: RegistryError.self) { try CellConfig(of: second.layout) }
        #expect(
            directory?.message == "config/cell_config.json: is no regular file; put a regular file in its place")
    }
}
