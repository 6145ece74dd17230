import Registry
import Testing

@Suite("A store's index")
struct StoreIndexTests {
    private static let homepage = #"""
        {"id": "homepage", "name": "Homepage", "description": "A static homepage served from your cell",
         "version": "1.0.0", "author": "acme"}
        """#

    private func read(_ text: String) throws(RegistryError) -> StoreIndex {
        try StoreIndex(parsing: Array(text.utf8), file: "index.json")
    }

    /// The entry with a member replaced or added.
    private func entry(_ member: String) -> String {
        let key = member.prefix { $0 != ":" }
        let lines = [
            #""id": "notes""#, #""name": "Notes""#, #""description": "Notes""#, #""version": "1.0.0""#,
            #""author": "acme""#,
        ]
        return "{" + (lines.filter { !$0.hasPrefix(key + ":") } + [member]).joined(separator: ", ") + "}"
    }

    @Test("the guide's entry is read, and the optional members where they stand")
    func guide() throws {
        let digest = String(repeating: "0f", count: 32)
        let index = try read(
            "[\(Self.homepage), \(entry(#""package": "packages/notes-1.0.0.zip", "sha256": "\#(digest)", "new": 1"#))]")
        #expect(index.faults.isEmpty)
        #expect(index.entries.map(\.id.rawValue) == ["homepage", "notes"])
        let homepage = try #require(ServiceID("homepage").flatMap { index[$0] })
        #expect(homepage.description == "A static homepage served from your cell")
        #expect(homepage.versionText == "1.0.0" && homepage.author == "acme" && homepage.name == "Homepage")
        #expect(homepage.package == nil && homepage.manifest == nil && homepage.sha256 == nil)
        let notes = index.entries[1]
        #expect(notes.package == "packages/notes-1.0.0.zip" && notes.sha256 == digest)
        #expect(ServiceID("none").flatMap { index[$0] } == nil)
    }

    @Test(
        "an entry with a fault is left out and told, the others stay",
        arguments: [
            (#""id": "../notes""#, "/1/id"), (#""id": 7"#, "/1/id"), (#""id": null"#, "/1/id"),
            (#""version": "1.0""#, "/1/version"), (#""version": 1"#, "/1/version"), (#""name": " ""#, "/1/name"),
            (#""description": []"#, "/1/description"), (#""author": null"#, "/1/author"),
            (#""sha256": "00""#, "/1/sha256"), (#""sha256": 7"#, "/1/sha256"),
            (#""package": """#, "/1/package"), (#""package": "a b.zip""#, "/1/package"),
            (#""manifest": "x\ny""#, "/1/manifest"),
        ])
    func faults(_ member: String, _ place: String) throws {
        let index = try read("[\(Self.homepage), \(entry(member))]")
        #expect(index.entries.map(\.id.rawValue) == ["homepage"])
        #expect(index.faults.map(\.pointer.text) == [place], "\(index.faults)")
        #expect(index.faults.allSatisfy { $0.file == "index.json" })
    }

    @Test("an entry that is no object, and one whose id stands twice, are faults; the first of two counts")
    func others() throws {
        let second = entry(#""version": "2.0.0""#)
        let index = try read("[7, \(entry(#""version": "1.0.0""#)), \(second), \(Self.homepage)]")
        #expect(index.entries.map(\.versionText) == ["1.0.0", "1.0.0"])
        #expect(index.faults.map(\.pointer.text) == ["/0", "/2/id"])
        #expect(try read("[]").entries.isEmpty)
    }

    @Test("many faults are bounded")
    func many() throws {
        let index = try read("[" + [String](repeating: "7", count: 5000).joined(separator: ",") + "]")
        #expect(index.faults.count == 101)
        #expect(index.faults.last?.message == "and 4900 more faults")
    }

    @Test("what is no JSON array is refused", arguments: ["", "{}", "[", "<html></html>", "[] []", #""x""#])
    func noIndex(_ text: String) {
        let error = #expect(throws: RegistryError.self) { try read(text) }
        #expect(error?.code == .manifest)
        #expect(error?.message.hasPrefix("index.json: ") == true)
    }

    @Test(
        "an update is judged by the version",
        arguments: [
            (nil, "1.0.0", StoreState.available), ("1.0.0", "1.0.0", .installed), ("1.0.0+a", "1.0.0+b", .installed),
            ("1.9.0", "1.10.0", .updateAvailable), ("1.0.0-rc.1", "1.0.0", .updateAvailable),
            ("1.10.0", "1.9.0", .newerInstalled), ("1.0.0", "1.0.0-rc.1", .newerInstalled),
            ("one", "0.0.1", .updateAvailable),
        ] as [(String?, String, StoreState)])
    func state(_ installed: String?, _ offered: String, _ state: StoreState) throws {
        let index = try read("[" + entry(#""version": "\#(offered)""#) + "]")
        #expect(index.entries.map { $0.state(installed: installed) } == [state])
    }
}
