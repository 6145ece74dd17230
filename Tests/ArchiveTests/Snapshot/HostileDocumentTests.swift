import SystemPackage
import Testing

@testable import Archive

/// A snapshot.json that somebody else wrote.
@Suite struct HostileDocumentTests {
    private func document(_ services: [SnapshotService]) throws -> SnapshotDocument {
        let time = Timestamp(seconds: 1_800_000_000)
        let document = SnapshotDocument(
            id: SnapshotID(time), kind: .manual, run: "r", started: time, finished: time, tool: .init(version: "1"),
            cell: .init(name: "alice", domain: "pic.ngo"), verdict: .ok, services: services)
        return try SnapshotDocument(parsing: document.sealed(with: .generate()))
    }

    private func service(_ id: String, _ names: [String]) -> SnapshotService {
        SnapshotService(
            id: id, verdict: .ok,
            archives: names.map { SnapshotArchive(name: $0, container: "c", path: "/data", verdict: .ok) })
    }

    @Test(arguments: ["../../x", "a/b", "", ".", "..", ".hidden", "-rf", "a\u{0}b", "ä", "a b"])
    func namesThatAreNoFileNamesAreRefused(_ name: String) throws {
        #expect(throws: ArchiveError.self) { try document([service("notes", [name])]) }
        #expect(throws: ArchiveError.self) { try document([service(name, ["data"])]) }
    }

    @Test func anArchiveStandsOnce() throws {
        #expect(throws: ArchiveError.self) { try document([service("notes", ["data", "data"])]) }
        #expect(throws: ArchiveError.self) { try document([service("notes", ["data"]), service("notes", ["data"])]) }
        #expect(
            try document([service("notes", ["data", "more.data_2"]), service("files", ["data"])]).services.count == 2)
    }

    @Test func sizesThatOverflowAreAsLargeAsCanBe() {
        #expect([UInt64.max, 1].saturatingSum == .max)
        #expect([UInt64(1) << 63, 1 << 63].saturatingSum == .max)
        #expect([UInt64(1), 2].saturatingSum == 3)
    }

    /// Each link names the one before it: what took hours must take no time.
    @Test(.timeLimit(.minutes(1))) func aLongChainOfHardLinksIsComparedAtOnce() throws {
        func model(_ order: [Int]) throws -> ModelDigest {
            var model = ModelDigest(.all)
            func entry(_ number: Int) throws -> TarEntry {
                TarEntry(
                    path: try EntryPath(archiveName: Array("f\(number)".utf8)), type: .file, mode: 0o644, uid: 0,
                    gid: 0,
                    modified: Timestamp(seconds: 0), offset: 0)
            }
            model.add(try entry(0), digest: nil)
            for number in order {
                var link = try entry(number)
                link.type = .hardlink
                link.hardlinkTarget = try EntryPath(archiveName: Array("f\(number - 1)".utf8))
                model.add(link, digest: nil)
            }
            return model
        }
        let chain = Array(1...20_000)
        #expect(try model(chain).differences(from: model(chain.reversed())).isEmpty)
        #expect(try !model(chain).differences(from: model(Array(chain.dropLast()))).isEmpty)
    }
}
