import Registry
import Testing

@Suite("Text at trust edges")
struct CheckedTextTests {
    static let never = [
        "", " ", "a b", "a/b", "../a", "a\n", "\na", "a\0", "a\0b", "é", "e\u{301}", "a\u{660}", "-a", ".", "..",
    ]

    @Test(
        "a service id is accepted exactly by its pattern",
        arguments: ["a", "notes", "a-1", "a-", "x" + repeated("y", 30)])
    func serviceIDs(_ text: String) {
        #expect(ServiceID(text)?.rawValue == text)
    }

    @Test("a service id is refused otherwise", arguments: never + ["A", "1a", "a_b", "a.b", "x" + repeated("y", 31)])
    func notServiceIDs(_ text: String) {
        #expect(ServiceID(text) == nil)
    }

    @Test(
        "a container name is accepted exactly by its pattern",
        arguments: ["a", "0", "Cell-Notes_1.x", repeated("y", 64)])
    func containerNames(_ text: String) {
        #expect(ContainerName(text)?.rawValue == text)
    }

    @Test("a container name is refused otherwise", arguments: never + ["_a", ".a", "a:b", "a$", repeated("y", 65)])
    func notContainerNames(_ text: String) {
        #expect(ContainerName(text) == nil)
    }

    @Test(
        "an archive name is accepted exactly by its pattern", arguments: ["a", "0", "Mail.data_1-2", repeated("y", 64)])
    func archiveNames(_ text: String) {
        #expect(ArchiveName(text)?.rawValue == text)
    }

    @Test("an archive name is refused otherwise", arguments: never + ["_a", ".a", "a:b", "a\\b", repeated("y", 65)])
    func notArchiveNames(_ text: String) {
        #expect(ArchiveName(text) == nil)
    }

    @Test(
        "a container path is absolute and becomes normal",
        arguments: [
            ("/data", "/data"), ("/data/", "/data"), ("//data//x/./y/", "/data/x/y"), ("/a b\n", "/a b\n"),
            ("/..a/...", "/..a/..."), ("/device", "/device"), ("/é/-x", "/é/-x"),
            ("/" + repeated("y", 255), "/" + repeated("y", 255)),
        ])
    func containerPaths(_ text: String, _ normal: String) {
        #expect(ContainerPath(text)?.rawValue == normal)
    }

    @Test(
        "a container path is refused when it is relative, climbs, is the root or belongs to the kernel",
        arguments: [
            "", "data", "./data", "/", "//", "/.", "/./", "/..", "/data/..", "/data/../x", "/a\0b", "/proc", "/proc/1",
            "/sys/", "//dev/shm", "/" + repeated("y", 256), repeated("/y", 2048),
        ])
    func notContainerPaths(_ text: String) {
        #expect(ContainerPath(text) == nil)
    }

    @Test(
        "a config path is relative and becomes normal",
        arguments: [
            ("config/notes", "config/notes"), ("./config//notes/", "config/notes"), ("a", "a"), ("..a", "..a"),
            ("data/keys2", "data/keys2"), ("config/data/keys", "config/data/keys"), ("data/notes", "data/notes"),
        ])
    func configPaths(_ text: String, _ normal: String) {
        #expect(ConfigPath(text)?.rawValue == normal)
    }

    @Test(
        "a config path is refused when it leaves the cell, is the cell, or touches keys or backups",
        arguments: [
            "", ".", "./", "/", "/etc", "..", "../x", "config/..", "config/../../x", "a\0", "data", "data/", "./data/.",
            "data/keys", "data/keys/snapshot.key", "data//./keys", "data/backups", "data/backups/latest",
        ])
    func notConfigPaths(_ text: String) {
        #expect(ConfigPath(text) == nil)
    }

    @Test("ids order by bytes")
    func order() throws {
        let ids = try ["b", "a-b", "a", "a1"].map { try #require(ServiceID($0)) }
        #expect(ids.sorted().map(\.rawValue) == ["a", "a-b", "a1", "b"])
    }
}

/// The text `count` times.
func repeated(_ text: String, _ count: Int) -> String {
    String(repeating: text, count: count)
}
