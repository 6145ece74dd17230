import Archive
import ArgumentParser
import Runs

struct JobsRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a job now: back up, read the snapshot back, thin out old ones.",
        discussion: """
            Old snapshots are removed only after a backup that ended with 0 and whose snapshot proved good. Exit codes: \
            0 ok (warnings included), 1 failed, 3 part of it could not be backed up, 4 the new snapshot is damaged, 75 \
            another run holds the cell, 78 configuration or job file, 130/143 cancelled.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The job: its file's name in jobs/ without .yml.")
    var name: String

    private struct Object: Encodable {
        let job: String
        let snapshot: String?
        let verdict: SnapshotDocument.Verdict
        let exit_code: Int32
        let services: [SnapshotService]
        let notes: [String]
        let verified: Bool
        let findings: [String]
        let removed: [SnapshotID]
        let error: String?
    }

    mutating func run() async throws {
        let name = try JobName(checking: name)
        let cell = try global.openCell()
        let report = try await JobRun(cell, try JobDefinition(name, of: cell), observer: global.observer())
            .run(exitCode: ExitStatus.code)
        if global.json {
            try Output.json(
                Object(
                    job: name.text, snapshot: report.backup.document?.id.description, verdict: report.backup.verdict,
                    exit_code: report.exitCode, services: report.backup.services, notes: report.backup.notes,
                    verified: report.findings?.isEmpty ?? false, findings: report.findings ?? [],
                    removed: report.removed, error: report.failure))
        } else {
            try BackupView(report.backup).show(global)
            if !global.quiet { showRest(report) }
        }
        for finding in report.findings ?? [] { Output.talk("picjobs: error: damaged: \(finding)") }
        if let failure = report.failure { Output.talk("picjobs: error: \(failure)") }
        if report.exitCode != 0 { throw ExitCode(report.exitCode) }
    }

    private func showRest(_ report: JobReport) {
        if let findings = report.findings {
            Output.data(findings.isEmpty ? "read back: as recorded" : "read back: DAMAGED; nothing was removed")
        }
        if let decisions = report.decisions {
            let removed = report.removed
            let names = removed.isEmpty ? "" : ": " + removed.map { "\($0)" }.joined(separator: ", ")
            Output.data("retention: removed \(removed.count) of \(decisions.count) snapshots\(names)")
        }
    }
}
