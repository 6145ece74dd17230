import Registry
import Testing

@Suite("Peers and their accounts")
struct PeerTests {
    private let alice = PeerName("alice")

    @Test("User names are ASCII, and no path", arguments: ["alice", "a.b-c_d", "0", String(repeating: "a", count: 32)])
    func names(text: String) {
        #expect(PeerName(text)?.rawValue == text)
    }

    @Test(
        "What is no user name is refused",
        arguments: [
            "", "Alice", ".a", "a..b", "a/b", "a b", "alice\n", "é", "-a", String(repeating: "a", count: 33), "a\0",
        ])
    func noNames(text: String) {
        #expect(PeerName(text) == nil)
    }

    @Test("A password is random bytes in URL-safe base64, as token_urlsafe makes it")
    func password() {
        struct Fixed: RandomNumberGenerator {
            var bytes: [UInt8]
            mutating func next() -> UInt64 { UInt64(bytes.removeFirst()) }
        }
        // python3 -c 'import base64; print(base64.urlsafe_b64encode(bytes(range(240, 256))).rstrip(b"=").decode())'
        var fixed = Fixed(bytes: Array(240...255))
        #expect(Password.make(using: &fixed) == "8PHy8_T19vf4-fr7_P3-_w")
        #expect(Password.make().utf8.count == 22)
        #expect(Set((0..<100).map { _ in Password.make(bytes: 24) }).count == 100)
    }

    @Test("Accounts are added and removed, a service goes with its last account, and strange keys stay")
    func credentials() throws {
        let peer = try #require(alice)
        let (email, notes) = (try #require(ServiceID("email")), try #require(ServiceID("notes")))
        let text = #"{"email": {"alice": {"password": "p", "token": "t"}, "Bob": {}}, "_own": {}}"#
        var credentials = try PeerCredentials(parsing: Array(text.utf8))
        #expect(credentials.peers(of: email) == [peer])
        #expect(credentials[email, peer] == ["password": "p", "token": "t"])
        #expect(credentials[notes, peer] == nil)
        credentials[notes, peer] = ["password": "q"]
        #expect(credentials.services(of: peer) == [email, notes])
        let again = try PeerCredentials(parsing: credentials.serialized())
        #expect(again == credentials)
        credentials[notes, peer] = nil
        credentials[email, peer] = nil
        #expect(credentials.services(of: peer) == [])
        #expect(String(decoding: credentials.serialized(), as: UTF8.self).contains("\"notes\"") == false)
        #expect(String(decoding: credentials.serialized(), as: UTF8.self).contains("\"_own\""))
        #expect(String(decoding: credentials.serialized(), as: UTF8.self).contains("\"Bob\""))
    }

    @Test(
        "A damaged file is refused with the place of the fault",
        arguments: [
            ("", ""), ("[]", "object"), (#"{"a": 1}"#, "/a"), (#"{"a": {"b": 1}}"#, "/a/b"),
            (#"{"a": {"b": {"c": 1}}}"#, "/a/b/c"),
        ])
    func damaged(text: String, words: String) {
        let error = #expect(throws: RegistryError.self) { try PeerCredentials(parsing: Array(text.utf8)) }
        #expect(error?.code == .configuration)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test("The template is filled in one pass: a password that holds a token stays as it is")
    func template() throws {
        let config = try #require(PeerConfig(Fixture.manifest("email")))
        let filled = try config.filled(
            for: try #require(alice), domain: "alice.pic.ngo", config: ["domain": "mail.example"],
            credentials: ["password": "{domain}{peer.username}"])
        #expect(
            filled == [
                "imap_host": "mail.alice.pic.ngo", "imap_port": "993", "smtp_host": "mail.alice.pic.ngo",
                "smtp_port": "587", "username": "alice@mail.example", "password": "{domain}{peer.username}",
            ])
        let error = #expect(throws: RegistryError.self) {
            try config.filled(for: try #require(alice), domain: "d", config: [:], credentials: ["password": "p"])
        }
        #expect(error?.message.contains("{config.domain} has no value") == true)
        let homeless = #expect(throws: RegistryError.self) {
            try config.filled(
                for: try #require(alice), domain: nil, config: ["domain": "mail.example"],
                credentials: ["password": "p"])
        }
        #expect(homeless?.code == .configuration)
        #expect(homeless?.message.contains("identity.domain is missing") == true)
        #expect(PeerConfig(try Fixture.manifest("homepage")) == nil)
    }
}
