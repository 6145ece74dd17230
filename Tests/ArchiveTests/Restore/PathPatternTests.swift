import Testing

@testable import Archive

@Suite("Wildcards in a path")
struct PathPatternTests {
    private func path(_ text: String) throws -> EntryPath { try EntryPath(archiveName: Array(text.utf8)) }

    private static let cases: [(pattern: String, yes: [String], no: [String])] = [
        ("*.md", ["a.md", ".md"], ["d/a.md", "a.mdx"]), ("d/*", ["d/a", "d/.a"], ["d", "d/a/b", "e/a"]),
        ("**/*.md", ["a.md", "d/a.md", "d/e/a.md"], ["a.txt"]), ("d/**", ["d", "d/a", "d/a/b"], ["e"]),
        ("d/**/x", ["d/x", "d/a/x", "d/a/b/x"], ["x", "d/x/y"]), ("?", ["a"], ["ab", ""]),
        ("??", ["ab", "\u{e9}"], ["a"]), ("[a-c]1", ["a1", "c1"], ["d1", "-1"]), ("[!a-c]", ["d"], ["a"]),
        ("[]x]", ["]", "x"], ["y"]), ("[ab", ["[ab"], ["a"]), ("\\*", ["*"], ["a"]), ("a\\", ["a\\"], ["a"]),
        ("*a*b*c", ["abc", "xaxbxc"], ["acb", "abcd"]), ("./d//*", ["d/a"], ["a"]), ("**", ["a", "a/b"], []),
        ("[a-]", ["a", "-"], ["b"]),
    ]

    @Test("name what they should, byte by byte", arguments: Self.cases)
    func matches(_ pattern: String, _ yes: [String], _ no: [String]) throws {
        let pattern = try #require(PathPattern(Array(pattern.utf8)))
        for name in yes { #expect(try pattern.matches(path(name)), "\(name)") }
        for name in no where !name.isEmpty { #expect(try !pattern.matches(path(name)), "\(name)") }
    }

    @Test("can't lead out of the volume, and are bounded", arguments: ["", "..", "a/../*", "."])
    func refused(_ text: String) {
        #expect(PathPattern(Array(text.utf8)) == nil)
    }

    @Test("cost no more than tokens times bytes")
    func cost() throws {
        let pattern = try #require(PathPattern(Array((String(repeating: "*a", count: 100) + "b").utf8)))
        let name = try path(String(repeating: "a", count: 250))
        for _ in 0..<100 { #expect(!pattern.matches(name)) }
        let deep = try #require(PathPattern(Array((String(repeating: "**/a/", count: 200) + "b").utf8)))
        #expect(try !deep.matches(path(Array(repeating: "a", count: 400).joined(separator: "/"))))
    }

    @Test("20 000 wanted paths cost no more for an entry than one does")
    func manyPaths() throws {
        let paths = try (0..<20_000).map { try path("d\($0 % 100)/e/\($0)") }
        let clock = ContinuousClock()
        var count = 0
        let time = try clock.measure {
            let selection = EntrySelection(paths: paths)
            for number in 0..<40_000 where selection.names(try path("d\(number % 100)/e/\(number)")) { count += 1 }
        }
        #expect(count == 20_000)
        // Comparing each with each took minutes.
        #expect(time < .seconds(60))
    }
}
