import Archive
import ArgumentParser
import Runs

struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a snapshot of all services, or of those named.",
        discussion: """
            Exit codes: 0 ok (warnings included), 1 nothing could be backed up, 3 part of it could not, 75 another run \
            holds the cell, 78 configuration, 130/143 cancelled.
            """)

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("Only this service; may be repeated.", valueName: "id"))
    var service: [String] = []

    @Option(help: "nightly or manual; only a remark in the snapshot.")
    var kind: Kind = .manual

    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case nightly, manual
    }

    mutating func run() async throws {
        let cell = try global.openCell()
        let (services, kind) = (service, SnapshotDocument.Kind(rawValue: kind.rawValue) ?? .manual)
        let report = try await RunSession.perform(
            cell, kind: .backup, observer: global.observer(), exitCode: ExitStatus.code
        ) { session in
            let report = try await BackupRun(session, kind: kind).run(services: services)
            return (report, report.ending)
        }
        try BackupView(report).show(global)
        if report.exitCode != 0 { throw ExitCode(report.exitCode) }
    }
}
