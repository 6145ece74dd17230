import Registry
import Testing

@Suite("Manifests that are not strict JSON")
struct ManifestSyntaxTests {
    static let file = ManifestFaultTests.file

    @Test(
        "what is not strict JSON is one sentence with line and column",
        arguments: [
            (
                "\"id\": \"notes\",", "\"id\" \"notes\",",
                "/id: line 3, column 8: expected \":\" after a key, found \"\\\"\""
            ),
            (
                "\"id\": \"notes\",", "\"id\": \"notes\"",
                "line 4, column 3: expected \",\" or \"}\" after a value, found \"\\\"\""
            ),
            (
                "\"id\": \"notes\",", "\"id\": \"notes\", \"id\": \"notes\",",
                "line 3, column 18: the key \"id\" stands here twice"
            ),
            (
                "\"id\": \"notes\",", "\"id\": \"notes\", \"\\u0069d\": 1,",
                "line 3, column 18: the key \"id\" stands here twice"
            ),
            ("\"id\": \"notes\",", "\"id\": \"notes\0\",", "/id: line 3, column 15: a NUL byte in a string"),
            ("\"id\": \"notes\",", "\"id\": \"notes\\u0000\",", "/id: line 3, column 15: an escaped NUL in a string"),
            (
                "\"id\": \"notes\",", "\"id\": \"notes\t\",",
                "/id: line 3, column 15: a control character in a string; write it as \\n, \\t or \\u00XX"
            ),
            ("\"id\": \"notes\",", "\"id\": \"\\ud800\",", "/id: line 3, column 10: half of a surrogate pair"),
            ("\"id\": \"notes\",", "\"id\": \"\\udc00\\ud800\",", "/id: line 3, column 10: half of a surrogate pair"),
            ("\"id\": \"notes\",", "\"id\": \"\\x41\",", "/id: line 3, column 10: an escape that JSON does not have"),
            ("\"id\": \"notes\",", "\"id\": \"\\u00g0\",", "/id: line 3, column 10: \\u needs four hexadecimal digits"),
            ("\"id\": \"notes\",", "\"id\": nul,", "/id: line 3, column 9: expected a value (is this null?)"),
            ("\"id\": \"notes\",", "\"id\": 'notes',", "/id: line 3, column 9: expected a value, found \"'\""),
            ("\"id\": \"notes\",", "// id", "line 3, column 3: expected a key in double quotes, found \"/\""),
            (
                "\"schema_version\": 3", "\"schema_version\": 03",
                "/schema_version: line 2, column 21: a number with a leading zero"
            ),
            (
                "\"schema_version\": 3", "\"schema_version\": 3.",
                "/schema_version: line 2, column 23: expected a digit, found \",\""
            ),
            (
                "\"schema_version\": 3", "\"schema_version\": 3e",
                "/schema_version: line 2, column 23: expected a digit, found \",\""
            ),
            (
                "\"schema_version\": 3", "\"schema_version\": -",
                "/schema_version: line 2, column 22: expected a digit, found \",\""
            ),
            (
                "\"schema_version\": 3", "\"schema_version\": NaN",
                "/schema_version: line 2, column 21: expected a value, found \"N\""
            ),
            ("{\n", "\u{feff}{\n", "line 1, column 1: the file starts with a byte order mark; save it without one"),
            ("{\n", "{}{\n", "line 1, column 3: something follows the end of the document"),
            ("{\n", "\0{\n", "line 1, column 1: a NUL byte; expected a value"),
            ("\"env\": []", "\"env\": [1,]", "/env/1: line 82, column 13: expected a value, found \"]\""),
        ])
    func notJSON(_ piece: String, _ replacement: String, _ sentence: String) throws {
        let faults = try Fixture.refusal(Fixture.notes(piece, replacement))
        #expect(faults == [Self.file + sentence])
    }

    @Test("every prefix of a manifest is refused with one sentence")
    func prefixes() throws {
        let bytes = try Fixture.bytes("homepage")
        let end = try #require(bytes.lastIndex(of: UInt8(ascii: "}")))
        for length in 0...end {
            let faults = Fixture.refusal(Array(bytes[..<length]))
            #expect(faults.count == 1, "cut after \(length) bytes")
        }
    }

    @Test("bytes that are not UTF-8 are refused at the first of them")
    func notUTF8() throws {
        let bytes = Array("{\"é\":\n\"a".utf8) + [0xff, 0x22, 0x7d]
        #expect(Fixture.refusal(bytes) == [Self.file + "line 2, column 3: the text is not UTF-8"])
        let surrogate = Array("\"".utf8) + [0xed, 0xa0, 0x80, 0x22]
        #expect(Fixture.refusal(surrogate) == [Self.file + "line 1, column 2: the text is not UTF-8"])
        let overlong = Array("\"".utf8) + [0xc0, 0x80, 0x22]
        #expect(Fixture.refusal(overlong) == [Self.file + "line 1, column 2: the text is not UTF-8"])
    }
}
