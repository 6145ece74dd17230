import Registry
import Testing

@Suite("data/service_secrets.json")
struct ServiceSecretsTests {
    private func notes() throws -> ServiceID { try #require(ServiceID("notes")) }

    @Test("a secret is 32 characters of URL-safe base64, and no two are equal")
    func form() throws {
        var secrets = ServiceSecrets()
        let names = (0..<500).map { "S\($0)" }
        #expect(try secrets.ensure(names, for: notes()))
        let made = try names.map { try #require(secrets.secret($0, of: try notes())) }
        let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        #expect(made.allSatisfy { $0.utf8.count == 32 && $0.allSatisfy(alphabet.contains) })
        #expect(Set(made).count == made.count)
        // 16 000 characters: each of the 64 comes about 250 times.
        var counts: [Character: Int] = [:]
        for character in made.joined() { counts[character, default: 0] += 1 }
        #expect(counts.count == 64 && counts.values.allSatisfy { (150...350).contains($0) })
    }

    @Test("a secret is made once; a new name gets one of its own, and the service's others stay")
    func once() throws {
        var generator = SeededGenerator(1)
        var secrets = ServiceSecrets()
        #expect(try secrets.ensure(["DB", "KEY"], for: notes(), using: &generator))
        let first = secrets.secret("DB", of: try notes())
        #expect(try !secrets.ensure(["KEY", "DB"], for: notes(), using: &generator))
        #expect(try !secrets.ensure([], for: #require(ServiceID("files")), using: &generator))
        #expect(try secrets.ensure(["NEW"], for: notes(), using: &generator))
        #expect(secrets.secret("DB", of: try notes()) == first)
        #expect(secrets.names(of: try notes()) == ["DB", "KEY", "NEW"])
        var again = ServiceSecrets()
        var same = SeededGenerator(1)
        #expect(try again.ensure(["DB"], for: notes(), using: &same))
        #expect(again.secret("DB", of: try notes()) == first)
    }

    @Test("the file is read and written in its order, and a purged service is gone from it")
    func file() throws {
        let text = """
            {
              "zeta": {
                "A": "x"
              },
              "notes": {
                "B": "y"
              }
            }

            """
        var secrets = try ServiceSecrets(parsing: Array(text.utf8))
        #expect(String(decoding: secrets.serialized(), as: UTF8.self) == text)
        #expect(secrets.secret("B", of: try notes()) == "y")
        secrets.remove(try notes())
        secrets.remove(try notes())
        #expect(secrets.secret("B", of: try notes()) == nil)
        #expect(String(decoding: secrets.serialized(), as: UTF8.self).contains("notes") == false)
    }

    @Test(
        "a file that is none is refused with the place, and never with a value",
        arguments: [
            ("[]", "object"), (#"{"notes": 5}"#, "/notes"), (#"{"notes": {"A": 5}}"#, "/notes/A"), ("", "line 1"),
        ])
    func faults(_ text: String, _ words: String) {
        let error = #expect(throws: RegistryError.self) { try ServiceSecrets(parsing: Array(text.utf8)) }
        #expect(error?.code == .configuration)
        #expect(error?.message.contains(words) == true)
    }

    @Test("no way of printing them shows a secret")
    func hidden() throws {
        let secrets = try ServiceSecrets(parsing: Array(#"{"notes": {"A": "open sesame"}}"#.utf8))
        var dumped = ""
        dump(secrets, to: &dumped)
        for text in ["\(secrets)", String(reflecting: secrets), String(describing: [secrets]), dumped] {
            #expect(!text.contains("sesame"))
        }
    }
}
