import Archive
import ArgumentParser
import Runs

struct SnapshotsList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "All complete snapshots, the oldest first.",
        discussion: "Exit codes: 0 ok, 1 failed, 4 a snapshot can't be read or was changed, 78 configuration.")

    @OptionGroup var global: GlobalOptions

    private struct Object: Encodable {
        struct Snapshot: Encodable {
            let id: String
            let kind: String
            let verdict: String
            let started: Timestamp
            let finished: Timestamp
            let run: String
            let size: UInt64
            let authenticity: String
            let archives: Int
        }

        struct Unreadable: Encodable {
            let id: String
            let error: String
        }

        let snapshots: [Snapshot]
        let unreadable: [Unreadable]
        let latest: String?
    }

    mutating func run() async throws {
        let cell = try global.openCell()
        // A cell that was never backed up has no store yet: an empty list.
        let store = try cell.existingStore()
        let listing = try store?.list(key: try cell.key()) ?? SnapshotListing.empty
        let object = Object(
            snapshots: listing.snapshots.map { snapshot in
                Object.Snapshot(
                    id: "\(snapshot.id)", kind: snapshot.document.kind.rawValue,
                    verdict: snapshot.document.verdict.rawValue, started: snapshot.document.started,
                    finished: snapshot.document.finished, run: snapshot.document.run, size: snapshot.recordedSize,
                    authenticity: snapshot.authenticity.word,
                    archives: snapshot.document.services.reduce(0) { $0 + $1.archives.count })
            },
            unreadable: listing.unreadable.map { .init(id: "\($0.id)", error: $0.error.message) },
            latest: try store?.latest().map { "\($0)" })
        if global.json {
            try Output.json(object)
        } else if !global.quiet {
            var table = Table([
                ("snapshot", .left), ("kind", .left), ("archives", .right), ("size", .right), ("verdict", .left),
                ("signature", .left),
            ])
            for snapshot in object.snapshots {
                table.add([
                    snapshot.id, snapshot.kind, "\(snapshot.archives)", Amount.bytes(snapshot.size), snapshot.verdict,
                    snapshot.authenticity,
                ])
            }
            table.print()
        }
        for snapshot in listing.unreadable {
            Output.talk("picjobs: error: snapshot \(snapshot.id): \(snapshot.error.message)")
        }
        if listing.unreadable.contains(where: { $0.error.code == .damaged })
            || listing.snapshots.contains(where: { $0.authenticity == .wrong })
        {
            throw ExitCode(ExitStatus.damaged)
        }
        if !listing.unreadable.isEmpty { throw ExitCode(ExitStatus.failed) }
    }
}

extension SnapshotAuthenticity {
    /// One word for tables and JSON.
    var word: String {
        switch self {
        case .authentic: "ok"
        case .missingKey: "no-key"
        case .foreignKey: "foreign-key"
        case .wrong: "WRONG"
        }
    }
}
