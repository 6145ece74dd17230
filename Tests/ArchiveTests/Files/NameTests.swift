import Testing

@testable import Archive

@Suite("Names are bytes")
struct NameTests {
    @Test(
        "every byte string has one escaped form that reads back",
        arguments: [
            ([0x61, 0x62], "ab"), ([0x5c], #"\\"#), ([0x0a, 0x09, 0x0d], #"\n\t\r"#), ([0xff, 0x61], #"\xffa"#),
            ([0xc3, 0xa9], "é"), ([0x65, 0xcc, 0x81], "e\u{301}"), ([0xe2, 0x80, 0xae], #"\xe2\x80\xae"#),
            ([0x1b, 0x5b], #"\x1b["#), ([0xc3], #"\xc3"#), ([0xf0, 0x9f, 0x98], #"\xf0\x9f\x98"#), ([0x7f], #"\x7f"#),
            ([0xc0, 0xaf], #"\xc0\xaf"#),
        ] as [([UInt8], String)])
    func escaping(bytes: [UInt8], text: String) {
        #expect(Array(EscapedName.encode(bytes).utf8) == Array(text.utf8))
        #expect(EscapedName.decode(text) == bytes)
    }

    @Test("random bytes read back")
    func roundTrip() {
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...12)).map { _ in UInt8.random(in: 0...255) }
            #expect(EscapedName.decode(EscapedName.encode(bytes)) == bytes)
        }
    }

    @Test(
        "a backslash that starts no escape is refused", arguments: [#"\"#, #"\q"#, #"\x"#, #"\x1"#, #"\xzz"#, #"\xAB"#])
    func badEscape(text: String) { #expect(EscapedName.decode(text) == nil) }

    @Test("a path drops empty and dot components", arguments: ["a/b", "a//b", "./a/./b/", "a/b/."])
    func path(text: String) throws { #expect(try RelativePath(text) == "a/b") }

    @Test("dots and odd bytes are legitimate", arguments: ["..foo", "...", "a..b", "a\\b", "a\nb"])
    func legitimate(text: String) throws { #expect(try RelativePath(text).name == Array(text.utf8)) }

    @Test("a path out of its directory is refused", arguments: ["", "/", "/a", "..", "a/../b", "a/..", ".", "a\0b"])
    func refused(text: String) { #expect(throws: ArchiveError.self) { try RelativePath(text) } }

    @Test("an NFC and an NFD name are two names")
    func normalisation() { #expect(("\u{e9}" as RelativePath) != ("e\u{301}" as RelativePath)) }

    @Test("relations between paths go by components")
    func relations() {
        let path: RelativePath = "a/bc/d"
        #expect(path.isWithin("a/bc") && path.isWithin(path) && !path.isWithin("a/b"))
        #expect(path.relative(to: "a") == "bc/d")
        #expect(path.relative(to: path) == nil)
        #expect(("a" as RelativePath) < "a/b" && ("a/b" as RelativePath) < "a-b" as RelativePath)
    }
}
