import Archive
import ArgumentParser
import Runs

struct Snapshots: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at snapshots, check them, compare them, thin them out.",
        subcommands: [
            SnapshotsList.self, SnapshotsShow.self, SnapshotsVerify.self, SnapshotsDiff.self, SnapshotsPrune.self,
        ])
}

/// A cell's store, for commands that only read it.
struct OpenStore {
    let store: SnapshotStore
    let key: SnapshotKey?

    init(_ global: GlobalOptions, backupRoot: String? = nil) throws {
        let cell = try global.openCell(backupRoot: backupRoot)
        store = try SnapshotStore(existing: cell.backupRoot)
        key = try cell.key()
    }

    /// The snapshot of an id, or the newest.
    func snapshot(_ name: String) throws -> StoredSnapshot {
        if name == "latest" {
            while true {
                guard let id = try store.latest() else {
                    throw RunError(.failed, "there is no snapshot in \(store.directory.path); picjobs backup makes one")
                }
                do throws(ArchiveError) {
                    return try store.open(id, key: key)
                } catch {
                    // It was removed, and `latest` moved on before.
                    guard error.code == .notFound else { throw error }
                }
            }
        }
        guard let id = SnapshotID(name) else {
            throw RunError(.usage, "\(name) is no snapshot id; picjobs snapshots list shows them, or say latest")
        }
        return try store.open(id, key: key)
    }
}
