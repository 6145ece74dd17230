import Testing

@testable import Archive

@Suite("An authenticated snapshot.json")
struct SnapshotSealTests {
    static func check(_ text: String, _ key: SnapshotKey?) throws -> SnapshotAuthenticity {
        let bytes = Array(text.utf8)
        return SnapshotSeal.check(bytes, try SnapshotDocument(parsing: bytes), key: key)
    }

    @Test("the golden document, sealed by openssl, is authentic and reads as written")
    func golden() throws {
        let key = try SnapshotKey(text: GoldenSnapshot.key)
        #expect(key.id == "ee6e7c7f1656a8e6")
        #expect(try Self.check(GoldenSnapshot.text, key) == .authentic)
        let document = try SnapshotDocument(parsing: Array(GoldenSnapshot.text.utf8))
        #expect(document.id == SnapshotID("20261123T023000Z"))
        let archive = try #require(document.archive(SnapshotVolume(service: "notes", name: "data")))
        #expect(archive.verdict == .warnings && archive.totals?.socketsIgnored == 1 && archive.rawSize == 10_240)
        #expect(document.files.map(\.mode) == [0o750, 0o640])
        #expect(document.files[1].mtime.nanoseconds == 1)
    }

    @Test("without a key, and with another one, the answer says so")
    func otherKeys() throws {
        #expect(try Self.check(GoldenSnapshot.text, nil) == .missingKey)
        let other = try SnapshotKey.generate()
        #expect(try Self.check(GoldenSnapshot.text, other) == .foreignKey("ee6e7c7f1656a8e6"))
    }

    @Test(
        "a change of any field is found",
        arguments: [
            (#""id": "20261123T023000Z""#, #""id": "20261123T023001Z""#), (#""nightly""#, #""safety""#),
            (#"0Z-nightly""#, #"1Z-nightly""#), ("02:30:00Z", "02:30:01Z"), ("02:31:07Z", "02:31:08Z"),
            ("1.0.0", "1.0.1"), (#""home""#, #""hole""#), ("home.example", "evil.example"), (#""notes""#, #""motes""#),
            (#""data""#, #""date""#), ("cell-notes", "cell-other"), (#""/data""#, #""/etc""#),
            ("notes/data.tar.gz", "notes/evil.tar.gz"), (#""warnings","#, #""ok","#), ("e3b0c4", "e3b0c5"),
            ("4096", "4097"), ("10240", "10241"), (#""entries": 3"#, #""entries": 4"#),
            (#""files": 2"#, #""files": 3"#), (#""sockets_ignored": 1"#, #""sockets_ignored": 0"#),
            (#""content_bytes": 11"#, #""content_bytes": 12"#), ("gnu 1.34", "gnu 1.35"), ("running", "stopped"),
            ("roof/notes:1", "roof/notes:2"), ("sha256:00", "sha256:01"),
            (#""nested_mounts": []"#, #""nested_mounts": ["/x"]"#),
            ("as we read", "as they read"), (#"ds": 1.5"#, #"ds": 1.6"#), (#""config/notes" }"#, #""config/others" }"#),
            ("notes/a.conf", "notes/b.conf"), ("416", "420"), (#""uid": 0"#, #""uid": 1"#),
            (#""gid": 0"#, #""gid": 1"#),
            (".000000001Z", ".000000002Z"), (#""size": 0"#, #""size": 1"#), (#""format": 1"#, #""format":  1"#),
            (#""8e76"#, #""8e77"#), (#""8e76"#, #""8E76"#),
        ])
    func tampering(old: String, new: String) throws {
        let key = try SnapshotKey(text: GoldenSnapshot.key)
        let text = GoldenSnapshot.text.replacing(old, with: new, maxReplacements: 1)
        #expect(text != GoldenSnapshot.text, "\(old) is not in the golden document")
        do { #expect(try Self.check(text, key) == .wrong) } catch {
            #expect((error as? ArchiveError)?.code == .damaged)
        }
    }

    @Test("no single flipped bit of any byte stays authentic")
    func everyByte() throws {
        let key = try SnapshotKey(text: GoldenSnapshot.key)
        let golden = Array(GoldenSnapshot.text.utf8)
        for index in golden.indices {
            var bytes = golden
            bytes[index] ^= 1
            guard let document = try? SnapshotDocument(parsing: bytes) else { continue }
            #expect(SnapshotSeal.check(bytes, document, key: key) != .authentic, "byte \(index)")
        }
    }

    @Test("a second code, or none, is wrong or damaged")
    func codes() throws {
        let key = try SnapshotKey(text: GoldenSnapshot.key)
        let field = #""hmac_sha256": "8e7685ebe4950e0929e233c60e2d3879cc38be135c03acbfbc7eb6885c7479a4""#
        let twice = GoldenSnapshot.text.replacing(field, with: "\(field), \(field)")
        #expect(try Self.check(twice, key) == .wrong)
        #expect(try Self.check(twice, nil) == .wrong)
        let none = GoldenSnapshot.text.replacing(field, with: #""hmac": """#)
        #expect(failure { _ = try Self.check(none, key) }?.code == .damaged)
        let spelled = GoldenSnapshot.text.replacing(field, with: field.replacing("hmac_", with: #"hmac\u005f"#))
        #expect(try Self.check(spelled, nil) == .wrong)
    }

    @Test("a newer format says that picjobs has to be updated; garbage is named")
    func formats() {
        let newer = GoldenSnapshot.text.replacing(#""format": 1"#, with: #""format": 3, "services": 7"#)
        #expect(failure { _ = try Self.check(newer, nil) }?.message.contains("written by a newer picjobs") == true)
        let typed = GoldenSnapshot.text.replacing("4096", with: #""many""#)
        #expect(failure { _ = try Self.check(typed, nil) }?.message.contains("services.0.archives.0.size") == true)
        let old = GoldenSnapshot.text.replacing(#""format": 1"#, with: #""format": 0"#)
        for text in ["", "{", "[]", "null", old, String(repeating: "[", count: 100_000)] {
            #expect(failure { _ = try Self.check(text, nil) }?.code == .damaged)
        }
    }

    @Test("what is sealed is authentic, reads back equal and is stable")
    func roundTrip() throws {
        let key = try SnapshotKey.generate()
        var document = try SnapshotDocument(parsing: Array(GoldenSnapshot.text.utf8))
        document.cell.name = #""hmac_sha256": "0000000000000000000000000000000000000000000000000000000000000000""#
        document.run = "hmac_sha256"
        document.services[0].error = "\u{202e}\u{0}/\\"
        let bytes = try document.sealed(with: key)
        #expect(try document.sealed(with: key) == bytes)
        var read = try SnapshotDocument(parsing: bytes)
        #expect(SnapshotSeal.check(bytes, read, key: key) == .authentic)
        #expect(SnapshotSeal.check(bytes, read, key: try .generate()) == .foreignKey(key.id))
        read.authentication = document.authentication
        #expect(read == document)
    }
}
