import Foundation
import Registry
import Testing

@testable import Archive
@testable import Runs

@Suite("A store over HTTP")
struct StoreTests {
    private static let notes = ServiceID("notes")

    private func store(_ server: StoreServer, _ path: String = "index.json") -> Store {
        store(at: server.base + path)
    }

    private func store(at url: String) -> Store {
        var config = StoreConfig()
        config.index = url
        var store = Store(config)
        store.adjust = { fetcher in
            fetcher.stallTimeout = 2
            fetcher.timeout = 4
        }
        return store
    }

    private func package(_ store: Store) async throws -> FetchedPackage {
        try await store.package(try #require(Self.notes))
    }

    private func refusal(_ body: () async throws -> Void) async -> RunError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? RunError
        }
    }

    private func digest(_ bytes: [UInt8]) -> String { SHA256.hash(bytes).hex }

    @Test("A manifest and the template beside it come from services/<id>, as the guide has it")
    func files() async throws {
        try await StoreServer.with { server in
            try server.writeIndex()
            let manifest = try StoreServer.notes("manifest.json")
            try server.write("services/notes/manifest.json", manifest)
            let alone = try await package(store(server))
            #expect(alone.package == StorePackage(manifest: manifest))
            #expect(alone.origin == server.base + "services/notes/manifest.json")
            let template = try StoreServer.notes("compose-template.yml")
            try server.write("services/notes/compose-template.yml", template)
            let both = try await package(store(server))
            #expect(both.package == StorePackage(manifest: manifest, composeTemplate: template))
            #expect(both.sha256 == digest(both.package.zip()))
            // An index somewhere else names the place itself.
            try server.write("other/notes.json", manifest)
            try server.writeIndex(#", "manifest": "other/notes.json", "sha256": "\#(digest(manifest))""#)
            #expect(try await package(store(server)).package == StorePackage(manifest: manifest))
        }
    }

    @Test("A package is fetched where the entry names one, by a relative or a whole URL")
    func archive() async throws {
        try await StoreServer.with { server in
            let zip = StorePackage(
                manifest: try StoreServer.notes("manifest.json"), installScript: Array("true\n".utf8)
            ).zip()
            try server.write("packages/notes-1.0.0.zip", zip)
            for reference in [
                "packages/notes-1.0.0.zip", server.base + "packages/notes-1.0.0.zip", "./x/../packages/notes-1.0.0.zip",
            ] {
                try server.writeIndex(#", "package": "\#(reference)", "sha256": "\#(digest(zip))""#)
                let fetched = try await package(store(server))
                #expect(fetched.package.installScript == Array("true\n".utf8))
                #expect(fetched.origin == server.base + "packages/notes-1.0.0.zip")
                #expect(fetched.sha256 == digest(zip))
            }
        }
    }

    @Test("Another SHA-256 than the index names is refused, and both are told", arguments: ["package", "manifest"])
    func digests(_ kind: String) async throws {
        try await StoreServer.with { server in
            let manifest = try StoreServer.notes("manifest.json")
            let bytes = kind == "package" ? StorePackage(manifest: manifest).zip() : manifest
            try server.write("notes", bytes)
            let wrong = String(repeating: "0", count: 64)
            try server.writeIndex(#", "\#(kind)": "notes", "sha256": "\#(wrong)""#)
            let error = await refusal { _ = try await package(store(server)) }
            #expect(error?.code == .refused)
            #expect(error?.message.contains(wrong) == true)
            #expect(error?.message.contains(digest(bytes)) == true)
        }
    }

    @Test("Another id or version than the index names is refused, and both are told")
    func identity() async throws {
        try await StoreServer.with { server in
            try server.writeIndex(version: "1.0.1")
            try server.write("services/notes/manifest.json", try StoreServer.notes("manifest.json"))
            let version = await refusal { _ = try await package(store(server)) }
            #expect(version?.code == .refused)
            #expect(version?.message.contains(#"/version: is "1.0.0", but the store's index says "1.0.1""#) == true)
            try server.writeIndex()
            try server.write(
                "services/notes/manifest.json",
                try StoreServer.notes("manifest.json", #""id": "notes""#, #""id": "memo""#))
            let id = await refusal { _ = try await package(store(server)) }
            #expect(id?.message.contains(#"/id: is "memo", but the store's index says "notes""#) == true)
            for garbage in ["<html>", "{}", "[]", ""] {
                try server.write("services/notes/manifest.json", garbage)
                let error = await refusal { _ = try await package(store(server)) }
                #expect(error?.code == .refused, "\(garbage)")
            }
        }
    }

    @Test("What is not there is told with its URL: the index, the service, the manifest, the package")
    func missing() async throws {
        try await StoreServer.with { server in
            let index = await refusal { _ = try await store(server).index() }
            #expect(index?.code == .failed)
            #expect(index?.message.contains(server.base + "index.json") == true)
            try server.writeIndex(id: "memo")
            let service = await refusal { _ = try await package(store(server)) }
            #expect(service?.message.contains("does not offer notes") == true)
            try server.writeIndex()
            let manifest = await refusal { _ = try await package(store(server)) }
            #expect(manifest?.message.contains(server.base + "services/notes/manifest.json") == true)
            try server.writeIndex(#", "package": "none.zip""#)
            let archive = await refusal { _ = try await package(store(server)) }
            #expect(archive?.code == .failed)
            #expect(archive?.message.contains(server.base + "none.zip") == true)
        }
    }

    @Test(
        "An index that is no index, hangs, stalls, never ends or leads elsewhere ends in time, with its URL",
        arguments: [
            ("garbage", RunError.Code.refused), ("status500", .failed), ("status403", .failed), ("status302", .failed),
            ("to-file", .refused), ("loop", .refused), ("hop4", .refused), ("endless", .refused),
            ("announced", .refused), ("stall", .failed), ("hang", .failed), ("close", .failed),
        ])
    func misbehaving(_ path: String, _ code: RunError.Code) async throws {
        try await StoreServer.with { server in
            try server.writeIndex()
            try server.write("garbage", "<!DOCTYPE html><title>Sign in</title>")
            let start = ContinuousClock().now
            let error = await refusal { _ = try await store(server, path).index() }
            #expect(error?.code == code, "\(error?.message ?? "accepted")")
            #expect(error?.message.contains(server.base + path) == true, "\(error?.message ?? "")")
            // The limits of the request are seconds; a busy machine may need long to come back to this test.
            #expect(ContinuousClock().now - start < .seconds(60))
        }
    }

    @Test("Three redirects are followed")
    func redirects() async throws {
        try await StoreServer.with { server in
            try server.writeIndex()
            #expect(try await store(server, "hop3").index().entries.count == 1)
        }
    }

    @Test(
        "A package and a template that misbehave are no package and no template",
        arguments: ["endless", "stall", "to-file", "status500"])
    func misbehavingFiles(_ path: String) async throws {
        try await StoreServer.with { server in
            try server.writeIndex(#", "package": "\#(path).zip""#)
            let error = await refusal { _ = try await package(store(server)) }
            #expect(error?.message.contains("\(server.base)\(path).zip") == true, "\(error?.message ?? "accepted")")
            try server.write("garbage.zip", "PK, or not")
            try server.writeIndex(#", "package": "garbage.zip""#)
            let garbage = await refusal { _ = try await package(store(server)) }
            #expect(garbage?.code == .refused && garbage?.message.contains("[zip.end]") == true)
        }
    }

    @Test("An index from the network leads to no file of this machine", arguments: ["package", "manifest"])
    func networkToFile(_ key: String) async throws {
        try await StoreServer.with { server in
            try server.write("x", StorePackage(manifest: try StoreServer.notes("manifest.json")).zip())
            for reference in ["file://\(server.directory)/x", "ftp://127.0.0.1/x", "http://user:word@127.0.0.1/x"] {
                try server.writeIndex(#", "\#(key)": "\#(reference)""#)
                let error = await refusal { _ = try await package(store(server)) }
                #expect(error?.code == .refused)
                #expect(error?.message.contains("notes in \(server.base)index.json") == true, "\(error?.message ?? "")")
            }
        }
    }

    @Test("Nobody there is told with the URL and what to do")
    func unreachable() async throws {
        let error = await refusal { _ = try await store(at: "http://127.0.0.1:1/index.json").index() }
        #expect(error?.code == .failed)
        #expect(error?.message.contains("http://127.0.0.1:1/index.json") == true)
        #expect(error?.message.contains("file:///") == true)
    }
}
