import Glibc
import SystemPackage
import Testing

@testable import Archive

@Suite("A store whose process is killed")
struct KilledStoreTests {
    /// Publishes and deletes until a thread kills the process, after a delay that differs from round to round.
    static func workUntilKilled(_ path: String, microseconds: UInt32) throws {
        let store = try SnapshotStore(root: FilePath(path + "/backups"))
        _ = try store.cleanUp()
        let key = try SnapshotKey(text: GoldenSnapshot.key)
        let delay = UnsafeMutablePointer<UInt32>.allocate(capacity: 1)
        delay.pointee = microseconds
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { pointer in
                if let pointer { usleep(pointer.load(as: UInt32.self)) }
                kill(getpid(), SIGKILL)
                return nil
            }, delay)
        var id = SnapshotID(Timestamp(seconds: 1_800_000_000))
        while true {
            let incomplete = try store.begin(id)
            for number in 0..<5 { try incomplete.write(RelativePath("cell/d/\(number)"), Array("x".utf8)) }
            let document = SnapshotDocument(
                id: id, kind: .nightly, run: "r", started: id.start, finished: id.start, tool: .init(version: "1"),
                cell: .init(name: "c", domain: "d"), verdict: .ok)
            id = try store.publish(incomplete, document, key: key).id.next
            let ids = try store.ids()
            if ids.count > 3 { try store.delete(Bool.random() ? ids[0] : ids[ids.count - 1]) }
        }
    }

    @Test("at any moment of publish and delete: complete snapshots only, and clean-up leaves nothing behind")
    func killed() async throws {
        let scratch = try Scratch()
        let key = try SnapshotKey(text: GoldenSnapshot.key)
        var leftovers = 0
        for round in UInt32(0)..<25 {
            let path = scratch.path
            let microseconds = 500 + round * 1700
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = path as String, microseconds = microseconds as UInt32] in
                try KilledStoreTests.workUntilKilled(path, microseconds: microseconds)
            }
            let store = try SnapshotStore(root: FilePath(scratch.path + "/backups"))
            let listing = try store.list(key: key)
            #expect(listing.unreadable.isEmpty)
            for snapshot in listing.snapshots {
                #expect(snapshot.authenticity == .authentic)
                #expect(try snapshot.directory.directory("cell/d").list().count == 5)
            }
            leftovers += try store.cleanUp().count
            #expect(try store.latest() == listing.snapshots.last?.id)
            let expected = listing.snapshots.map(\.id.description) + (listing.snapshots.isEmpty ? [] : ["latest"])
            #expect(try store.directory.list().map { EscapedName.encode($0.name) } == expected)
        }
        // The kills did hit the middle of something.
        #expect(leftovers > 0)
    }
}
