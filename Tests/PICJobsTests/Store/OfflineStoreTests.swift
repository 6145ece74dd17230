import Foundation
import Registry
import SystemPackage
import TestSupport
import Testing

@testable import Archive
@testable import Runs

@Suite("A store in a directory, and packages of this machine")
struct OfflineStoreTests {
    private static let names = ["manifest.json", "compose-template.yml"]

    /// A directory with a store of the notes service in `a store/`.
    private func with(_ members: String = "", _ body: (String, Store) async throws -> Void) async throws {
        try await TemporaryDirectory.with { path in
            let server = StoreServer(base: "", directory: path.string + "/a store")
            try server.writeIndex(members)
            for name in Self.names { try server.write("services/notes/" + name, try StoreServer.notes(name)) }
            try server.write("notes.zip", try package().zip())
            var config = StoreConfig()
            config.index = "file://\(path)/a%20store/index.json"
            try await body(path.string, Store(config))
        }
    }

    private func package() throws -> StorePackage {
        StorePackage(
            manifest: try StoreServer.notes("manifest.json"),
            composeTemplate: try StoreServer.notes("compose-template.yml"))
    }

    private func fetch(_ store: Store) async throws -> FetchedPackage {
        try await store.package(try #require(ServiceID("notes")))
    }

    @Test("It works as over HTTP", arguments: ["", #", "package": "notes.zip""#])
    func offline(_ members: String) async throws {
        try await with(members) { _, store in
            #expect(try await store.index().entries.map(\.id.rawValue) == ["notes"])
            let package = try package()
            #expect(try await fetch(store).package == package)
        }
    }

    @Test(
        "It leads to nothing outside its own directory",
        arguments: [
            "../notes.zip", "%2e%2e/notes.zip", "services/%2e%2e/%2e%2e/notes.zip", "file:///etc/hostname", "link.zip",
            "/etc/hostname",
        ])
    func outside(_ reference: String) async throws {
        try await with(#", "package": "\#(reference)""#) { path, store in
            try Data(package().zip()).write(to: URL(fileURLWithPath: path + "/notes.zip"))
            try FileManager.default.createSymbolicLink(
                atPath: path + "/a store/link.zip", withDestinationPath: path + "/notes.zip")
            let error = await #expect(throws: RunError.self) { try await fetch(store) }
            #expect(error?.code == .refused, "\(error?.message ?? "")")
        }
    }

    @Test("A missing index and a fifo in its place are errors, not a hang")
    func missing() async throws {
        try await with { path, store in
            let index = path + "/a store/index.json"
            try FileManager.default.removeItem(atPath: index)
            let missing = await #expect(throws: RunError.self) { try await store.index() }
            #expect(missing?.code == .failed)
            #expect(missing?.message.contains("a%20store/index.json") == true)
            #expect(mkfifo(index, 0o600) == 0)
            let fifo = await #expect(throws: RunError.self) { try await store.index() }
            #expect(fifo?.code == .refused)
        }
    }

    @Test("A package of this machine is a ZIP, a manifest or a directory")
    func local() async throws {
        try await with { path, _ in
            let base = path + "/a store"
            for place in ["notes.zip", "services/notes", "services/notes/", "services/notes/manifest.json"] {
                let fetched = try Store.read(base + "/" + place)
                #expect(try fetched.package == package(), "\(place)")
                #expect(try fetched.sha256 == SHA256.hash(package().zip()).hex)
                #expect(fetched.origin.hasPrefix(base + "/"))
            }
            try FileManager.default.copyItem(
                atPath: base + "/services/notes/manifest.json", toPath: base + "/services/notes/other.json")
            #expect(try Store.read(base + "/services/notes/other.json").package.composeTemplate == nil)
        }
    }

    @Test("What is no package is refused, what is not there is not found, and links are not followed")
    func localFaults() async throws {
        try await with { path, _ in
            let base = path + "/a store"
            func code(_ place: String) -> RunError.Code? {
                do {
                    _ = try Store.read(base + "/" + place)
                    return nil
                } catch {
                    return (error as? RunError)?.code
                }
            }
            #expect(code("none") == .failed)
            #expect(code("services") == .failed)
            #expect(code("none/manifest.json") == .failed)
            let links = [
                ("link", "services/notes"), ("link.zip", "notes.zip"),
                ("x/manifest.json", "../services/notes/manifest.json"),
            ]
            try FileManager.default.createDirectory(atPath: base + "/x", withIntermediateDirectories: true)
            for (name, target) in links {
                try FileManager.default.createSymbolicLink(atPath: base + "/" + name, withDestinationPath: target)
                #expect(code(name) == .refused, "\(name)")
            }
            try Data("no".utf8).write(to: URL(fileURLWithPath: base + "/bad.zip"))
            #expect(code("bad.zip") == .refused)
            try Data(repeating: 0x20, count: (1 << 20) + 1).write(to: URL(fileURLWithPath: base + "/large.json"))
            #expect(code("large.json") == .refused)
        }
    }

    @Test("config/picjobs.yml names the index")
    func config() throws {
        func read(_ yaml: String) throws -> StoreConfig {
            try TemporaryDirectory.with { path in
                let cell = try JobCell(path)
                try cell.write("config/picjobs.yml", yaml)
                return try cell.open().config.store
            }
        }
        #expect(try read("").index == "https://git.pic.ngo/roof/pic-services/raw/branch/main/index.json")
        for url in ["file:///srv/store/index.json", "http://127.0.0.1:8/i.json", "https://example.org/"] {
            #expect(try read("store: {index: \"\(url)\"}").index == url)
        }
        for bad in [
            "index: 7", "index: store.json", "index: /srv/store/index.json", "index: ftp://example.org/i",
            "index: file:///srv/", "index: https://u:p@example.org/i", "url: https://example.org/", "index: https:///x",
        ] {
            let error = #expect(throws: RunError.self, "\(bad)") { try read("store: {\(bad)}") }
            #expect(error?.code == .configuration)
            #expect(error?.message.contains("store.") == true)
        }
        #expect(throws: RunError.self) { try read("store: https://example.org/") }
    }
}
