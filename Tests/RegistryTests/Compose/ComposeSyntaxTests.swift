import Registry
import Testing

@Suite("YAML of compose templates")
struct ComposeSyntaxTests {
    private static func deep(_ count: Int) -> String {
        String(repeating: "[", count: count) + String(repeating: "]", count: count)
    }

    /// Nested aliases: ten levels of nine make 3 486 784 401 texts.
    private static var laughs: String {
        var text = "a0: &a0 x\n"
        for level in 1...10 {
            let aliases = repeatElement("*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        return text + "? [*a10]\n: x\n"
    }

    @Test(
        "what readers disagree about is refused",
        arguments: [
            ("a: &x 1", "a: has an anchor"), ("a: &x {b: 1}", "a: has an anchor"), ("a: &x [1]", "a: has an anchor"),
            ("a: &x 1\nb: *x", "a: has an anchor"), ("a: *x", "undefined alias"), ("&k a: 1", "no simple text"),
            ("a: {<<: {b: 1}}", "merge keys are not allowed"), ("a: !!binary eA==", "has the tag"),
            ("a: !x y", "has the tag"), ("a: !!set {b}", "has the tag"), ("!!omap [a: 1]", "has the tag"),
            ("a: 1\na: 2", "stands twice"), ("a: 1\n\"a\": 2", "stands twice"), ("a: 1\n!!int a: 2", ""),
            ("a: 1\n---\nb: 2", "another document"), ("a: [", "is no YAML: line"), ("\ta: 1", "is no YAML: line"),
            ("? [a]\n: 1", "no simple text"), ("? {a: 1}\n: 1", "no simple text"), ("a: \"\\0\"", "NUL"),
            ("${PIC_DOMAIN}: 1", "variables stand in values only"), ("\"a\\nb\": 1", "control character"),
            ("a: \"\\ud800\"", "is no YAML"), (deep(40), "nested deeper than 32"), (deep(5000), "is no YAML"),
            (String(repeating: "- ", count: 40) + "x", "nested deeper than 32"),
            (String(repeating: "- ", count: 20_000) + "x", "is no YAML"), (laughs, "uses anchors and aliases"),
            (String(repeating: "#", count: 300 << 10), "larger than 256 KiB"), ("a: \u{1}", "is no YAML"),
            ("[" + String(repeating: "x,", count: 6000) + "]", "holds more than 5000 values"),
        ])
    func refused(_ text: String, _ words: String) throws {
        let error = #expect(throws: RegistryError.self) { try ComposeTemplate(parsing: Array(text.utf8)) }
        #expect(error?.code == .manifest)
        #expect(error?.message.hasPrefix("compose-template.yml: ") == true)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("[compose-syntax]") == true)
    }

    @Test("bytes that are not UTF-8 are refused")
    func encoding() {
        #expect(throws: RegistryError.self) { try ComposeTemplate(parsing: [0x61, 0x3a, 0x20, 0xff]) }
    }

    @Test("all faults of a template are named")
    func all() {
        let error = #expect(throws: RegistryError.self) {
            try ComposeTemplate(parsing: Array("a: &x 1\nb: {<<: 1}\nc: !t 2\n".utf8))
        }
        #expect(error?.faults.map(\.pointer.description) == ["/a", "/b/<<", "/c"])
    }

    @Test(
        "a template that is no mapping of services breaks the policy",
        arguments: [
            ("", "is empty, must be a mapping"), ("# nothing", "is empty, must be a mapping"),
            ("--- text", "is a text"),
            ("[services]", "is a list"), ("{}", "services: is missing"), ("services:", "services: is empty"),
            ("services: []", "services: is a list"), ("services: {cell-notes: }", "services.cell-notes: is empty"),
            ("services: {cell-notes: [image]}", "services.cell-notes: is a list"),
        ])
    func noMapping(_ text: String, _ words: String) throws {
        let violations = try ComposeCase.notes(text).violations()
        #expect(violations.contains { $0.contains(words) }, "\(violations)")
    }

    @Test("styles, comments, a version and !!str change nothing")
    func styles() throws {
        let text = """
            %YAML 1.1
            --- # a comment
            version: 3.8
            "services": {'cell-notes': {image: "git.pic.ngo/roof/pic-notes:latest", # another
              container_name: !!str cell-notes, restart: 'unless-stopped', environment: ["NOTES_PORT=${PIC_CFG_PORT}",
                "NOTES_DOMAIN=${PIC_DOMAIN}", 'NOTES_DB_PASS=${PIC_SECRET_DB_PASSWORD}'],
              volumes: ["notes-data:/data/notes"]}}
            volumes: {notes-data: }
            ...
            """
        #expect(try ComposeCase.notes(text).readBack() == ComposeCase.fixture("notes").readBack())
    }
}
