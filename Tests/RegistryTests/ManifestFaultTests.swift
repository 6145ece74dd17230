import Registry
import Testing

@Suite("Manifests that are refused")
struct ManifestFaultTests {
    /// The file's name stands before every fault.
    static let file = "data/services/notes/manifest.json: "

    @Test(
        "one wrong thing is one sentence with its place",
        arguments: [
            (
                "\"path\": \"/data/notes\",", "",
                "/backup/volumes/0/path: missing; give the absolute path inside the container"
            ),
            (
                "\"path\": \"/data/notes\",", "\"path\": null,",
                "/backup/volumes/0/path: missing; give the absolute path inside the container"
            ),
            ("\"path\": \"/data/notes\",", "\"path\": 7,", "/backup/volumes/0/path: is a number, must be a string"),
            (
                "\"id\": \"notes\"", "\"id\": \"memos\"",
                "/id: \"memos\" is not \"notes\", which its directory or the command names"
            ),
            (
                "\"id\": \"notes\"", "\"id\": \"notes\\n\"",
                "/id: \"notes\\u{a}\" is not a service id; use a lower-case letter, then at most 30 lower-case letters, digits and \"-\""
            ),
            (
                "\"schema_version\": 3", "\"schema_version\": 4",
                "/schema_version: 4 is not supported; this program reads version 3"
            ),
            (
                "\"schema_version\": 3", "\"schema_version\": 3.0",
                "/schema_version: is a number, must be a whole number"
            ),
            (
                "\"schema_version\": 3", "\"schema_version\": \"3\"",
                "/schema_version: is a string, must be a whole number"
            ),
            ("\"schema_version\": 3,", "", "/schema_version: missing; give the number 3"),
            ("\"kind\": \"store\"", "\"kind\": \"builtin\"", "/kind: \"builtin\" is not one of \"store\""),
            ("\"name\": \"Notes\"", "\"name\": false", "/name: is a boolean, must be a string"),
            ("\"has_egress\": true,", "", "/capabilities/has_egress: missing; give true or false"),
            (
                "\"has_storage\": true", "\"has_storage\": 1",
                "/capabilities/has_storage: is a number, must be true or false"
            ),
            (
                "\"compose\": null", "\"compose\": {}",
                "/compose: must be null; compose configuration comes from compose-template.yml"
            ),
            (
                "\"backup\": {", "\"backupp\": {",
                "/backup: missing; capabilities.has_storage is true, so say what to back up"
            ),
            (
                "\"config_paths\": [", "\"config_path\": [",
                "/backup/config_path: is not known here; \"backup\" has \"volumes\" and \"config_paths\""
            ),
            (
                "\"config/notes\"", "\"data/keys\"",
                "/backup/config_paths/0: \"data/keys\" is not a path to copy; use one relative to the cell, without \"..\", that neither lies in nor holds data/keys or data/backups"
            ),
            (
                "\"name\": \"notes_data\"", "\"name\": \".notes\"",
                "/backup/volumes/0/name: \".notes\" is not an archive name; use a letter or digit, then at most 63 letters, digits, \".\", \"_\" and \"-\""
            ),
            (
                "\"container\": \"cell-notes\"", "\"container\": \"--privileged\"",
                "/backup/volumes/0/container: \"--privileged\" is not a container name; use a letter or digit, then at most 63 letters, digits, \"_\", \".\" and \"-\""
            ),
            (
                "\"openvpn\"", "\"pigeon\"",
                "/egress/allowed/2: \"pigeon\" is not one of \"default\", \"wireguard_ext\", \"openvpn\", \"tor\""
            ),
            ("\"min\": 1", "\"min\": 1.5", "/config_schema/port/min: is a number, must be a whole number"),
            (
                "\"default\": 8080", "\"default\": []",
                "/config_schema/port/default: is an array, must be a string, a whole number or a boolean"
            ),
            (
                "\"type\": \"integer\"", "\"type\": \"float\"",
                "/config_schema/port/type: \"float\" is not one of \"string\", \"integer\", \"boolean\""
            ),
            (
                "\"env\": []", "\"env\": [{\"key\": \"A\"}]",
                "/env/0/value: missing; give the variable's value, a string"
            ),
            ("\"env\": []", "\"env\": {}", "/env: is an object, must be an array"),
            (
                "\"proto\": \"tcp\"", "\"proto\": \"sctp\"",
                "/iptables_rules/0/proto: \"sctp\" is not one of \"tcp\", \"udp\""
            ),
            (
                "\"dest_port\": 8080", "\"dest_port\": 99999999999999999999",
                "/iptables_rules/0/dest_port: is a number, must be a whole number"
            ),
            (
                "\"url\": ", "\"a/b~c\\u001b\": 1, \"url\": ",
                "/peer_config_template/a~1b~0c\\u{1b}: is a number, must be a string"
            ),
        ])
    func oneFault(_ piece: String, _ replacement: String, _ sentence: String) throws {
        let faults = try Fixture.refusal(Fixture.notes(piece, replacement))
        #expect(faults == [Self.file + sentence])
    }

    @Test("64 levels are read, 65 are refused")
    func depth() {
        let deep = repeated("[", 64) + repeated("]", 64)
        #expect(Fixture.refusal(Array(deep.utf8)) == [Self.file + "is an array, must be an object"])
        let deeper = repeated("[", 65) + repeated("]", 65)
        let faults = Fixture.refusal(Array(deeper.utf8))
        #expect(faults == [Self.file + repeated("/0", 64) + ": line 1, column 65: nested deeper than 64 levels"])
    }

    @Test("a manifest of 1 MiB is read, one byte more is refused")
    func size() throws {
        var bytes = try Fixture.bytes("notes")
        bytes += [UInt8](repeating: 0x20, count: Manifest.sizeLimit - bytes.count)
        #expect(Fixture.refusal(bytes).isEmpty)
        bytes.append(0x20)
        #expect(Fixture.refusal(bytes) == [Self.file + "is larger than 1 MiB; a manifest declares, it holds no data"])
    }

    @Test("all faults of the backup block are reported together")
    func allFaults() throws {
        let bad = """
            "backup": {
              "volumes": [
                {"container": "-x", "path": "data", "name": "a/b"},
                {"path": "/"},
                "cell-notes:/data",
                {"container": "c", "path": "/a", "name": "Data"},
                {"container": "c", "path": "/b", "name": "data"}
              ],
              "config_paths": ["/etc", "ok", 7]
            }, "was": {
            """
        let faults = try Fixture.refusal(Fixture.notes("\"backup\": {", bad))
        let places = faults.map { $0.dropFirst(Self.file.count).prefix { $0 != ":" } }
        #expect(
            places == [
                "/backup/volumes/0/container", "/backup/volumes/0/path", "/backup/volumes/0/name",
                "/backup/volumes/1/container", "/backup/volumes/1/path", "/backup/volumes/1/name", "/backup/volumes/2",
                "/backup/config_paths/0", "/backup/config_paths/2", "/backup/volumes/4/name",
            ])
        #expect(
            faults.last == Self.file
                + "/backup/volumes/4/name: \"data\" is also the name at /backup/volumes/3/name (upper and lower case "
                + "count as equal); choose another")
    }

    @Test("storage that names nothing to back up is a fault")
    func nothingToBackUp() throws {
        let faults = try Fixture.refusal(
            Fixture.notes("\"backup\": {", "\"backup\": {\"volumes\": []}, \"was\": {"))
        #expect(
            faults == [Self.file + "/backup: names no volume and no config path, but capabilities.has_storage is true"])
    }

    @Test("a hostile manifest reports at most a hundred faults, in one short line")
    func manyFaults() throws {
        let volumes = repeated("7,", 5000) + "7"
        let bytes = try Fixture.notes("\"backup\": {", "\"backup\": {\"volumes\": [\(volumes)]}, \"was\": {")
        let error = #expect(throws: RegistryError.self) {
            try Manifest(parsing: bytes, file: Fixture.file("notes"), directory: nil)
        }
        #expect(error?.faults.count == 100)
        #expect(
            error?.message == Self.file + "/backup/volumes/0: is a number, must be an object (and 99 more faults)")
        #expect(error?.code == .manifest)
    }

    @Test("unknown keys outside the backup block and nulls for what is optional are accepted")
    func tolerated() throws {
        #expect(try Fixture.refusal(Fixture.notes("\"id\":", "\"homepage_url\": [1, {}], \"id\":")).isEmpty)
        #expect(try Fixture.refusal(Fixture.notes("\"egress\": {", "\"egress\": null, \"was\": {")).isEmpty)
        #expect(try Fixture.refusal(Fixture.notes("\"min_pic_version\": \"1.0\"", "\"min_pic_version\": null")).isEmpty)
    }

    @Test("what the examples leave out is read too: an account port, UDP, a required field")
    func rareFields() throws {
        let text = try String(decoding: Fixture.bytes("notes"), as: UTF8.self)
            .replacing("\"manager\": \"http\",", with: "\"manager\": \"http\", \"port\": 8081,")
            .replacing("\"tcp\"", with: "\"udp\"")
            .replacing("\"type\": \"string\",", with: "\"type\": \"string\", \"required\": true,")
            .replacing("\"extra_subdomains\": [],", with: "\"extra_backends\": {\"b\": \"cell-b:1\"},")
        let manifest = try Manifest(parsing: Array(text.utf8), file: Fixture.file("notes"))
        #expect(manifest.accounts?.port == 8081)
        #expect(manifest.iptablesRules.map(\.proto) == [.udp])
        #expect(manifest.configSchema["storage_path"]?.required == true)
        #expect(manifest.extraSubdomains.isEmpty)
        #expect(manifest.extraBackends == ["b": "cell-b:1"])
    }
}
