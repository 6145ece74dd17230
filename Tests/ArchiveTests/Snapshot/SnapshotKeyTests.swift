import Glibc
import Testing

@testable import Archive

@Suite("The cell's key")
struct SnapshotKeyTests {
    @Test("a key is made once, 0600 in a 0700 directory, and found again")
    func create() throws {
        let scratch = try Scratch()
        let file = SnapshotKeyFile(cell: scratch.directory)
        #expect(try file.load() == nil)
        let key = try file.loadOrCreate()
        #expect(try file.loadOrCreate() == key)
        #expect(try file.load() == key)
        #expect(try scratch.directory.status(SnapshotKeyFile.place)?.mode == 0o600)
        #expect(try scratch.directory.status("data/keys")?.mode == 0o700)
        #expect(try scratch.directory.directory("data/keys").list().count == 1)
    }

    @Test("an exported key reads back; another one replaces it only when told")
    func exportImport() throws {
        let scratch = try Scratch()
        let file = SnapshotKeyFile(cell: scratch.directory)
        let key = try SnapshotKey(text: GoldenSnapshot.key)
        #expect(key.text == GoldenSnapshot.key)
        try file.store(key)
        try file.store(key)
        let other = try SnapshotKey.generate()
        let error = failure { try file.store(other) }
        #expect(error?.code == .key)
        #expect(error?.message.contains(key.id) == true && error?.message.contains(other.id) == true)
        #expect(try file.load() == key)
        try file.store(other, replacing: true)
        #expect(try file.load() == other)
    }

    @Test("a key that others may read, a link, and a file that is no key are refused")
    func unsafe() throws {
        let scratch = try Scratch()
        let file = SnapshotKeyFile(cell: scratch.directory)
        _ = try file.loadOrCreate()
        let path = "\(scratch.path)/data/keys/snapshot.key"
        #expect(chmod(path, 0o644) == 0)
        let error = failure { _ = try file.load() }
        #expect(error?.code == .key && error?.message.contains("chmod 600") == true)
        #expect(chmod(path, 0o600) == 0)
        try scratch.directory.rename(SnapshotKeyFile.place, to: "data/keys/real", replacing: false)
        try scratch.directory.createLink(SnapshotKeyFile.place, to: Array("real".utf8))
        #expect(failure { _ = try file.loadOrCreate() }?.code == .key)
        try scratch.directory.remove(SnapshotKeyFile.place)
        try scratch.write(SnapshotKeyFile.place, "picjobs-key-1 secretsecret\n", mode: 0o600)
        let broken = failure { _ = try file.loadOrCreate() }
        #expect(broken?.code == .key && broken?.message.contains("secretsecret") == false)
    }

    @Test(
        "other texts are no key",
        arguments: ["", "picjobs-key-1 ", "picjobs-key-2 ", " picjobs-key-1 ", "picjobs-key-1  "],
        ["", "\n\n", "0", "\r\n"])
    func texts(prefix: String, suffix: String) {
        let digits = String(repeating: "a", count: prefix == "picjobs-key-1 " && suffix.isEmpty ? 63 : 64)
        #expect(failure { _ = try SnapshotKey(text: Array((prefix + digits + suffix).utf8)) }?.code == .key)
    }

    @Test("a printed key shows its id only")
    func printing() throws {
        let key = try SnapshotKey(text: GoldenSnapshot.key)
        for text in ["\(key)", String(reflecting: key), "\(Mirror(reflecting: key).children.map(\.value))"] {
            #expect(text.contains("ee6e7c7f1656a8e6") && !text.contains("0001020304") && !text.contains("31"))
        }
    }
}
