import Archive
import ArgumentParser
import Runs

struct SnapshotsShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Everything that one snapshot records.",
        discussion: "Exit codes: 0 ok, 1 no such snapshot, 4 it can't be read or was changed, 64 usage.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "An id, or latest.")
    var snapshot = "latest"

    mutating func run() async throws {
        let stored = try OpenStore(global).snapshot(snapshot)
        if global.json {
            try Output.json(stored.document)
        } else if !global.quiet {
            show(stored)
        }
        if stored.authenticity == .wrong {
            Output.talk(
                "picjobs: error: snapshot \(stored.id): snapshot.json was changed after it was written (wrong HMAC)")
            throw ExitCode(ExitStatus.damaged)
        }
    }

    private func show(_ stored: StoredSnapshot) {
        let document = stored.document
        Output.data("snapshot   \(stored.id) (\(document.kind.rawValue), \(document.verdict.rawValue))")
        Output.data("cell       \(document.cell.name) \(document.cell.domain)")
        Output.data("run        \(document.run)")
        Output.data("from–to    \(document.started) – \(document.finished)")
        Output.data("signature  \(stored.authenticity.word), key \(document.authentication?.keyID ?? "none")")
        Output.data("place      \(stored.path)")
        var table = Table([
            ("service", .left), ("archive", .left), ("container:path", .left), ("tar", .left), ("entries", .right),
            ("content", .right), ("size", .right), ("verdict", .left),
        ])
        for service in document.services {
            for archive in service.archives {
                table.add([
                    service.id, archive.name, "\(archive.container):\(archive.path)", archive.tar ?? "–",
                    "\(archive.entries ?? 0)", Amount.bytes(archive.totals?.contentBytes ?? 0),
                    Amount.bytes(archive.size ?? 0), archive.verdict.rawValue,
                ])
            }
        }
        table.print()
        for service in document.services {
            if let error = service.error { Output.data("\(service.id): \(error)") }
            for archive in service.archives {
                if let error = archive.error { Output.data("\(service.id)/\(archive.name): \(error)") }
                for warning in archive.warnings { Output.data("\(service.id)/\(archive.name): \(warning)") }
            }
            for path in service.configPaths {
                Output.data("\(service.id): config \(path.path)\(path.error.map { ": " + $0 } ?? "")")
            }
        }
        Output.data("\(document.files.count) plain files and directories below project/ and cell/")
    }
}
