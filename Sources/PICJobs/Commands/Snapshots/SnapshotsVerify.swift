import Archive
import ArgumentParser
import Runs

struct SnapshotsVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Re-read and decode everything, and name what is damaged.",
        discussion: """
            A snapshot that is removed while all are read is passed over. Exit codes: 0 all is as recorded, 1 failed, 4 \
            something is damaged (named), 64 usage.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Ids, or latest; all snapshots when none is named.")
    var snapshots: [String] = []

    private struct Object: Encodable {
        struct Snapshot: Encodable {
            let id: String
            let verdict: String
            let findings: [String]
        }

        let snapshots: [Snapshot]
    }

    mutating func run() async throws {
        let open = try OpenStore(global)
        let observer = global.observer()
        var results: [Object.Snapshot] = []
        var failed = false
        for name in snapshots.isEmpty ? try open.store.names() : snapshots {
            var findings: [String]
            var id = name
            do {
                let stored = try open.snapshot(name)
                id = "\(stored.id)"
                findings = try await SnapshotCheck().check(stored, observer: observer)
            } catch let error as ArchiveError where error.code == .damaged {
                findings = [error.message]
            } catch let error as ArchiveError where error.code == .notFound && snapshots.isEmpty {
                continue
            } catch let error as ArchiveError where error.code == .system && !error.isShortage {
                Output.talk("picjobs: error: \(error.message)")
                results.append(.init(id: id, verdict: "unread", findings: [error.message]))
                failed = true
                continue
            }
            for finding in findings { Output.talk("picjobs: damaged: snapshot \(id): \(finding)") }
            results.append(.init(id: id, verdict: findings.isEmpty ? "ok" : "damaged", findings: findings))
        }
        if global.json {
            try Output.json(Object(snapshots: results))
        } else if !global.quiet {
            for result in results { Output.data("snapshot \(result.id): \(result.verdict)") }
            if results.isEmpty { Output.data("there is no snapshot yet") }
        }
        if results.contains(where: { $0.verdict == "damaged" }) { throw ExitCode(ExitStatus.damaged) }
        if failed { throw ExitCode(ExitStatus.failed) }
    }
}
