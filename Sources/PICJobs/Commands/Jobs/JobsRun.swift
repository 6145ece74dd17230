import Archive
import ArgumentParser
import Runs

struct JobsRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract:
            "Run a job now: back up, read the snapshot back, thin out old ones; or bring the network to the plan.",
        discussion: """
            Old snapshots are removed only after a backup that ended with 0 and whose snapshot proved good. A job of the \
            kind egress does what egress apply does. Exit codes: 0 ok (warnings included), 1 failed, 3 part of it could \
            not be backed up, or a service is closed that should not be, 4 the new snapshot is damaged, 75 another run \
            holds the cell, 78 configuration or job file, 130/143 cancelled.
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
        let job = try JobDefinition(name, of: cell)
        switch job.kind {
        case .backup:
            let report = try await JobRun(cell, job, observer: global.observer()).run(exitCode: ExitStatus.code)
            try show(report)
            if report.exitCode != 0 { throw ExitCode(report.exitCode) }
        case .egress:
            let egress = EgressRun(cell, observer: global.observer(), exitCode: ExitStatus.code)
            let (run, outcome) = try await egress.apply(job: name.text)
            try EgressView(outcome, run: run).show(global, unchanged: "nothing to change")
            if outcome.exitCode != 0 { throw ExitCode(outcome.exitCode) }
        }
    }

    private func show(_ report: JobReport) throws {
        if global.json {
            try Output.json(
                Object(
                    job: report.job.text, snapshot: report.backup.document?.id.description,
                    verdict: report.backup.verdict,
                    exit_code: report.exitCode, services: report.backup.services, notes: report.backup.notes,
                    verified: report.findings?.isEmpty ?? false, findings: report.findings ?? [],
                    removed: report.removed, error: report.failure))
        } else {
            try BackupView(report.backup).show(global)
            if !global.quiet { showRest(report) }
        }
        for finding in report.findings ?? [] { Output.talk("picjobs: error: damaged: \(finding)") }
        if let failure = report.failure { Output.talk("picjobs: error: \(failure)") }
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
