import Glibc
import SystemPackage
import Testing

@testable import Archive

@Suite("The store of snapshots")
struct SnapshotStoreTests {
    let scratch: Scratch
    let store: SnapshotStore
    let key: SnapshotKey
    let id: SnapshotID

    init() throws {
        scratch = try Scratch()
        store = try SnapshotStore(root: FilePath(scratch.path + "/backups"))
        key = try SnapshotKey.generate()
        id = try #require(SnapshotID("20261123T023000Z"))
    }

    func document(_ id: SnapshotID, _ kind: SnapshotDocument.Kind = .nightly) -> SnapshotDocument {
        SnapshotDocument(
            id: id, kind: kind, run: "r", started: id.start, finished: id.start, tool: .init(version: "1"),
            cell: .init(name: "c", domain: "d"), verdict: .ok)
    }

    @discardableResult
    func publish(
        _ id: SnapshotID, _ kind: SnapshotDocument.Kind = .nightly, _ verdict: SnapshotArchive.Verdict = .ok
    ) throws -> SnapshotID {
        let incomplete = try store.begin(id)
        try incomplete.write("service_data/notes/data.tar.gz", Array("bytes".utf8))
        var document = document(id, kind)
        let archive = SnapshotArchive(name: "data", container: "c", path: "/data", verdict: verdict)
        document.services = [SnapshotService(id: "notes", verdict: .ok, archives: [archive])]
        return try store.publish(incomplete, document, key: key).id
    }

    func names() throws -> [String] { try store.directory.list().map { EscapedName.encode($0.name) } }

    @Test("the root is closed to others, and so is everything in a snapshot")
    func modes() throws {
        try publish(id)
        #expect(try store.directory.status().mode == 0o700)
        let snapshot = try store.open(id, key: key).directory
        #expect(try snapshot.status().mode == 0o700)
        #expect(try snapshot.status("snapshot.json")?.mode == 0o600)
        #expect(try snapshot.status("service_data/notes")?.mode == 0o700)
        #expect(try snapshot.status("service_data/notes/data.tar.gz")?.mode == 0o600)
    }

    @Test("a service that is forgotten leaves what else a snapshot holds, sealed anew; a snapshot of it alone goes")
    func forgotten() throws {
        let safety = try publish(id, .safety)
        let other = try #require(SnapshotID("20261124T023000Z"))
        let incomplete = try store.begin(other)
        try incomplete.write("service_data/notes/data.tar.gz", Array("n".utf8))
        try incomplete.write("service_data/files/data.tar.gz", Array("f".utf8))
        try incomplete.write("project/config/notes/a.conf", Array("n".utf8))
        try incomplete.write("cell/config/cell_config.json", Array("{}".utf8))
        var document = document(other)
        document.services = ["files", "notes"].map { service in
            SnapshotService(
                id: service, verdict: .ok,
                archives: [SnapshotArchive(name: "data", container: "c", path: "/data", verdict: .ok)],
                configPaths: [.init(path: "config/\(service)")])
        }
        document.files = ["project/config/notes/a.conf", "cell/config/cell_config.json"].map { path in
            SnapshotFile(path: path, type: .file, size: 1, mode: 0o644, uid: 0, gid: 0, mtime: id.start)
        }
        _ = try store.publish(incomplete, document, key: key)
        let foreign = try SnapshotKey.generate()
        #expect(try store.forget("notes", directory: "data/services/notes", key: foreign).left == [safety, other])

        let result = try store.forget("notes", directory: "data/services/notes", key: key)
        #expect(result.deleted == [safety] && result.rewritten == [other] && result.left.isEmpty)
        let kept = try store.open(other, key: key)
        #expect(kept.authenticity == .authentic)
        #expect(kept.document.services.map(\.id) == ["files"])
        #expect(kept.document.files.map(\.path) == ["cell/config/cell_config.json"])
        #expect(try kept.directory.status("service_data/notes") == nil)
        #expect(try kept.directory.status("project/config/notes") == nil)
        #expect(try kept.directory.status("service_data/files/data.tar.gz") != nil)
        #expect(try store.ids() == [other])
        let again = try store.forget("notes", directory: "data/services/notes", key: key)
        #expect(again.rewritten.isEmpty && again.deleted.isEmpty)
    }

    @Test("nothing is listed before it is published")
    func incomplete() throws {
        let incomplete = try store.begin(id)
        try incomplete.write("snapshot.json", document(id).sealed(with: key))
        #expect(try store.ids().isEmpty)
        #expect(try store.list(key: key).snapshots.isEmpty && store.list(key: key).unreadable.isEmpty)
        #expect(try store.latest() == nil)
        #expect(try names() == [".incomplete-20261123T023000Z"])
        #expect(failure { _ = try store.open(id, key: key) }?.code == .notFound)
    }

    @Test("a published snapshot is authentic, listed and latest, and nothing else is left")
    func published() throws {
        #expect(try publish(id) == id)
        let listing = try store.list(key: key)
        #expect(listing.snapshots.map(\.id) == [id] && listing.snapshots[0].authenticity == .authentic)
        #expect(try store.latest() == id)
        #expect(try names() == ["20261123T023000Z", "latest"])
        #expect(try store.list(key: nil).snapshots[0].authenticity == .missingKey)
    }

    @Test("ids never collide: begun, published and raced for")
    func collision() throws {
        let first = try store.begin(id)
        let second = try store.begin(id)
        #expect(second.id == id.next)
        #expect(try store.publish(second, document(id), key: key).id == id.next)
        // Another machine publishes the first one's id meanwhile.
        _ = try store.directory.createDirectory(id.path, mode: 0o700)
        let written = try store.publish(first, document(id), key: key)
        #expect(written.id == id.next.next)
        let stored = try store.open(id.next.next, key: key)
        #expect(stored.authenticity == .authentic && stored.document.id == id.next.next)
        #expect(try store.begin(id.next).id == id.next.next.next)
    }

    @Test("a publish that fails lists nothing, and the rest can be thrown away")
    func failedPublish() throws {
        let incomplete = try store.begin(id)
        try incomplete.directory.createLink("evil", to: Array("/etc/passwd".utf8))
        let error = failure { _ = try store.publish(incomplete, document(id), key: key) }
        #expect(error?.code == .refused && error?.message.contains("/evil is a symbolic link") == true)
        #expect(try store.ids().isEmpty && store.latest() == nil)
        try store.discard(incomplete)
        #expect(try names().isEmpty)
    }

    @Test("a safety snapshot is never latest")
    func safety() throws {
        try publish(id)
        try publish(id.next, .safety)
        #expect(try store.latest() == id)
        #expect(try store.ids() == [id, id.next])
        try store.delete(id)
        #expect(try store.latest() == nil)
        #expect(try names() == ["20261123T023001Z"])
    }

    @Test("deleting the latest moves the link to the one before; a missing one is named")
    func delete() throws {
        try publish(id)
        try publish(id.next)
        try store.delete(id.next)
        #expect(try store.latest() == id)
        #expect(try names() == ["20261123T023000Z", "latest"])
        #expect(failure { try store.delete(id.next) }?.code == .notFound)
    }

    @Test("clean-up removes what killed runs left, finishes deletions and repairs latest; a living run's stays")
    func cleanUp() throws {
        try publish(id)
        try publish(id.next)
        try store.pointLatest(to: id)
        let living = try store.begin(SnapshotID(Timestamp(seconds: 2_000_000_000)))
        try living.write("a", [1])
        _ = try store.directory.createDirectories(".incomplete-20200101T000000Z/project/x", mode: 0o700)
        _ = try store.directory.createDirectories(".deleting-20200102T000000Z/x", mode: 0o700)
        try store.directory.createLink(".latest-123", to: [0x78])
        let removed = try store.cleanUp()
        #expect(
            removed == [".deleting-20200102T000000Z", ".incomplete-20200101T000000Z", ".latest-123"])
        #expect(
            try names() == [
                ".incomplete-20330518T033320Z", "20261123T023000Z", "20261123T023001Z", "latest",
            ])
        #expect(try store.latest() == id.next)
        #expect(try store.cleanUp().isEmpty)
        withExtendedLifetime(living) {}
    }

    @Test("a leftover that is newer than the clock, which went back since, is one all the same")
    func leftoverOfTheFuture() throws {
        let name: RelativePath = ".incomplete-20330101T000000Z"
        let left = try store.directory.createDirectories(name, mode: 0o700)
        var times = [timespec(tv_sec: 4_000_000_000, tv_nsec: 0), timespec(tv_sec: 4_000_000_000, tv_nsec: 0)]
        #expect(futimens(left.descriptor.rawValue, &times) == 0)
        #expect(try store.cleanUp() == [".incomplete-20330101T000000Z"])
    }

    @Test("snapshots that can't be read are told apart, each with its reason")
    func unreadable() throws {
        try publish(id)
        try publish(id.next)
        let renamed = id.next.next
        try store.directory.rename(id.next.path, to: renamed.path, replacing: false)
        _ = try store.directory.createDirectory("20200101T000000Z", mode: 0o700)
        _ = try store.directory.createDirectory("20200102T000000Z", mode: 0o700)
        try store.directory.writeAtomically("20200102T000000Z/snapshot.json", Array("{}".utf8), mode: 0o600)
        try store.directory.createLink("20200103T000000Z", to: Array(id.description.utf8))
        try store.directory.writeAtomically("notes.txt", [], mode: 0o600)
        let listing = try store.list(key: key)
        #expect(listing.snapshots.map(\.id) == [id])
        #expect(
            listing.unreadable.map(\.id.description) == [
                "20200101T000000Z", "20200102T000000Z", "20200103T000000Z", "20261123T023002Z",
            ])
        for one in listing.unreadable { #expect(one.error.message.contains("\n") == false) }
        #expect(listing.unreadable.allSatisfy { $0.error.code == .damaged })
        #expect(listing.unreadable[2].error.message.contains("symbolic link"))
        #expect(try store.ids().contains(id))
    }

    @Test("a tampered document is listed as wrong and never yields an archive")
    func tampered() throws {
        try publish(id)
        try publish(id.next)
        let path = id.next.path.appending("snapshot.json")
        let text = String(decoding: try store.directory.readFile(path, limit: 1 << 20), as: UTF8.self)
        try store.directory.writeAtomically(path, Array(text.replacing("/data", with: "/date").utf8), mode: 0o600)
        let listing = try store.list(key: key)
        #expect(listing.snapshots.map(\.authenticity) == [.authentic, .wrong])
        let volume = SnapshotVolume(service: "notes", name: "data")
        #expect(listing.newestArchive(of: volume)?.snapshot.id == id)
        #expect(try listing.retentionCandidates()[1].okVolumes.isEmpty)
    }

    @Test("the newest archive of a volume passes over failed runs and safety snapshots")
    func newest() throws {
        try publish(id, .nightly, .ok)
        try publish(id.next, .nightly, .warnings)
        try publish(id.next.next, .nightly, .incomplete)
        try publish(id.next.next.next, .safety, .ok)
        let listing = try store.list(key: key)
        let volume = SnapshotVolume(service: "notes", name: "data")
        #expect(listing.newestArchive(of: volume)?.snapshot.id == id.next)
        #expect(listing.newestArchive(of: volume, strictlyOK: true)?.snapshot.id == id)
        #expect(listing.newestArchive(of: SnapshotVolume(service: "notes", name: "other")) == nil)
    }

    @Test("without the latest link the newest regular snapshot is latest all the same")
    func missingLatest() throws {
        try publish(id)
        try publish(id.next)
        try publish(id.next.next, .safety)
        try store.directory.remove("latest")
        #expect(try store.latest() == id.next)
        _ = try store.cleanUp()
        #expect(try names().contains("latest"))
    }

    @Test("a latest that is no link to a snapshot is an error, a dangling one is none")
    func badLatest() throws {
        try store.directory.createLink("latest", to: Array("../../etc".utf8))
        #expect(failure { _ = try store.latest() }?.code == .damaged)
        try store.directory.remove("latest")
        try store.directory.createLink("latest", to: Array(id.description.utf8))
        #expect(try store.latest() == nil)
    }
}
