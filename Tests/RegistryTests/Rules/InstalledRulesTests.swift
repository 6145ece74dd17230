import SystemPackage
import Testing

@testable import Registry

@Suite("The rules and what is installed")
struct InstalledRulesTests {
    @Test("an installed service that breaks a rule of the installation is reported, and still backed up")
    func backedUp() async throws {
        let cell = try ScratchCell()
        let bad = RuleFixture(
            "volumes.mount.forbidden", "notes", ("\"mount\": \"/data/notes\"", "\"mount\": \"/etc\""),
            ("git.pic.ngo/roof/pic-notes:latest", "docker.io/notes:1"))
        try cell.write("data/services/notes/manifest.json", bad.bytes())
        try cell.install("homepage")
        try cell.write("data/services/email/manifest.json", Array("{}".utf8))
        let reports = await RuleBook.manifests.judge(try ServiceRegistry.sources(cell.layout).0)
        #expect(reports.map(\.isAccepted) == [true, false, false])
        #expect(reports[1].findings.map(\.rule) == ["image.registry", "volumes.mount.forbidden"])
        let registry = try ServiceRegistry(loading: cell.layout)
        #expect(registry.services.map(\.id.rawValue) == ["homepage", "notes"])
        #expect(registry.faults.map(\.service) == ["email"])
        #expect(registry.backupPlan().services.map(\.service.rawValue) == ["notes"])
    }

    @Test("of two installed services in conflict the later one is reported, and both are backed up")
    func conflict() async throws {
        let cell = try ScratchCell()
        for name in Fixture.names { try cell.install(name) }
        let taken = RuleFixture(
            "containers.taken", "notes", ("\"containers\": [", "\"containers\": [\"cell-webdav\","))
        try cell.write("data/services/notes/manifest.json", taken.bytes())
        let reports = await RuleBook.manifests.judge(try ServiceRegistry.sources(cell.layout).0)
        #expect(reports.map { $0.findings.map(\.rule) } == [[], [], [], [], ["containers.taken"]])
        #expect(reports[4].findings.map(\.message) == ["\"cell-webdav\" belongs to the service files"])
        #expect(try ServiceRegistry(loading: cell.layout).backupPlan().services.count == 4)
    }

    @Test("a manifest is found by its own path and by its package's; below \"services\" the directory is the id")
    func sources() async throws {
        let cell = try ScratchCell()
        try cell.write("package/manifest.json", Fixture.bytes("notes"))
        try cell.write("services/memo/manifest.json", Fixture.bytes("notes"))
        let alone = try ManifestSource(path: FilePath(cell.path("package/manifest.json")))
        #expect(alone.package == nil && alone.directory == nil)
        #expect(try alone.bytes == Fixture.bytes("notes"))
        let package = try ManifestSource(path: FilePath(cell.path("package/")))
        #expect(package.package == FilePath(cell.path("package")) && package.directory == nil)
        #expect(package.file == cell.path("package/manifest.json"))
        let here = try ManifestSource(
            path: FilePath(cell.path("services/memo/.")), workingDirectory: FilePath(cell.path("elsewhere")))
        #expect(here.directory?.rawValue == "memo")
        let store = try ManifestSource(path: FilePath(cell.path("services/memo")))
        #expect(store.directory?.rawValue == "memo")
        #expect(await Set(RuleBook.manifests.judge([store])[0].findings.map(\.rule)) == ["id.directory"])
    }

    @Test("what can't be read says why")
    func unreadable() throws {
        let cell = try ScratchCell()
        try cell.makeDirectory("empty")
        try cell.write("file", [])
        try cell.link("link", to: cell.path("file"))
        for (name, reason) in [
            ("absent", ": is missing; name a manifest, or a directory that holds manifest.json"),
            ("empty", ": holds no manifest.json; name a manifest, or a directory that holds one"),
            ("link", ": is a symbolic link; put the file itself in its place"),
            ("file/x", ": can't be read (Not a directory)"),
        ] {
            let path = cell.path(name)
            let error = #expect(throws: RegistryError.self) { try ManifestSource(path: FilePath(path)) }
            #expect(error?.message == path + reason)
            #expect(error?.code == .system)
        }
    }
}
