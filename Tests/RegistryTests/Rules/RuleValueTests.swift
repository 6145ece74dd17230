import Registry
import Testing

@Suite("Values that rules compare")
struct RuleValueTests {
    @Test("versions order as semver.org says")
    func order() throws {
        let texts = [
            "0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
            "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0", "18446744073709551616.0.0",
        ]
        let versions = try texts.map { try #require(SemanticVersion($0)) }
        for (index, version) in versions.enumerated() {
            for (other, later) in versions.enumerated() { #expect((version < later) == (index < other)) }
        }
        #expect(SemanticVersion("1.0.0+a") == SemanticVersion("1.0.0+b"))
        #expect(SemanticVersion(padding: "1") == SemanticVersion("1.0.0"))
        #expect(SemanticVersion(padding: "1.2-rc.1") == SemanticVersion("1.2.0-rc.1"))
        #expect(versions.map(\.description) == texts)
    }

    @Test("a pointer for programs is RFC 6901, whatever the key; for people it is short and safe")
    func pointers() {
        let long = repeated("k", 100)
        let pointer = JSONPointer().appending("a/b~c\n").appending("/\u{301}").appending(3).appending(long)
        #expect(pointer.text == "/a~1b~0c\n/~1\u{301}/3/\(long)")
        #expect(pointer.description == "/a~1b~0c\\u{a}/~1\u{301}/3/\(long.prefix(80))…")
        #expect(JSONPointer().text.isEmpty)
    }

    @Test(
        "what is no version is none",
        arguments: [
            "", "1", "1.0", "1.0.0.0", "v1.0.0", "1.0.0\n", " 1.0.0", "01.0.0", "1.0.0-", "1.0.0-01", "1.0.0-a..b",
            "1.0.0+",
            "1.0.0+a+b", "1..0", "-1.0.0", "1.0.٣", "1.0.0-ä", "1,0,0",
        ])
    func noVersion(_ text: String) {
        #expect(SemanticVersion(text) == nil)
    }

    @Test("an accepted template is filled without a token that has no value")
    func templates() throws {
        let pieces = [
            "{domain}", "{peer.username}", "{peer.service_credentials.notes.password}", "{config.port}", "{", "}", "{}",
            "a",
            "{config.}", "{config.nothing}", "{peer.service_credentials.notes.}",
            "{peer.service_credentials.email.password}",
            "{peer}", "{domain }", "é", "{{domain}", "\u{301}",
        ]
        var numbers = SeededGenerator(4)
        let peer = try #require(PeerName("alice"))
        var accepted = 0
        for _ in 0..<300 {
            let text = (0..<3).map { _ in pieces.randomElement(using: &numbers) ?? "" }.joined()
            let bytes = try Fixture.notes("https://notes.{domain}/", text)
            let report = RuleBook.manifests.judge(bytes, file: "manifest.json")
            let manifest = try #require(report.manifest)
            let config = try #require(PeerConfig(manifest))
            do throws(RegistryError) {
                _ = try config.filled(
                    for: peer, domain: "x", config: ["port": "1", "storage_path": "/"], credentials: ["password": "p"])
                #expect(report.isAccepted, "\(text) is filled, but refused: \(report.findings)")
                accepted += 1
            } catch {
                #expect(!report.isAccepted, "\(text) is accepted, but: \(error)")
            }
        }
        #expect((20..<290).contains(accepted))
    }
}
