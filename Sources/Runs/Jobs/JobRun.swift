internal import Archive

/// Runs one job of the kind backup: backup, then the published snapshot is read back, then retention.
///
/// Nothing is removed unless the backup ended with 0 and the new snapshot proved good.
public struct JobRun: Sendable {
    private let cell: Cell
    private let job: JobDefinition
    private let observer: any RunObserver

    /// Sets it up; nothing is done yet.
    public init(_ cell: Cell, _ job: JobDefinition, observer: any RunObserver) {
        self.cell = cell
        self.job = job
        self.observer = observer
    }

    /// Does it under the cell's lock, on record as a run of this job.
    ///
    /// - Parameter exitCode: maps an error to the exit code that the record keeps.
    /// - Throws: ``RunError`` `.busy`; `CancellationError`; whatever kept the backup from writing a snapshot. What
    ///   fails after the snapshot has its name is in the report.
    public func run(exitCode: (any Error) -> Int32) async throws -> JobReport {
        try await RunSession.perform(
            cell, kind: .backup, job: job.name.text, observer: observer, exitCode: exitCode
        ) { session in
            let report = try await work(session)
            return (report, report.ending)
        }
    }

    private func work(_ session: RunSession) async throws -> JobReport {
        let backup = try await BackupRun(session, kind: .nightly).run(services: job.services ?? [])
        var report = JobReport(job.name, backup)
        if job.verify == .published, let id = backup.document?.id {
            do {
                report.findings = try await readBack(id, session)
            } catch let error as CancellationError {
                throw error
            } catch {
                report.failure = "snapshot \(id) could not be read back: \(error)"
            }
        }
        if let policy = job.retention, report.exitCode == 0 {
            do {
                report.decisions = try prune(policy, session)
            } catch {
                report.failure = "old snapshots could not be removed: \(error)"
            }
        }
        return report
    }

    private func readBack(_ id: SnapshotID, _ session: RunSession) async throws -> [String] {
        try session.record.begin(RunStep(.verify, snapshot: id.description))
        let snapshot: StoredSnapshot
        do {
            snapshot = try cell.store().open(id, key: try cell.key())
        } catch let error as ArchiveError where error.code == .damaged {
            return [error.message]
        }
        let findings = try await SnapshotCheck().check(snapshot, observer: session.observer)
        for finding in findings { session.record.log("damaged: \(finding)") }
        return findings
    }

    private func prune(_ policy: RetentionPolicy, _ session: RunSession) throws -> [Retention.Decision] {
        try session.record.begin(RunStep(.prune))
        let outcome = try Pruning.run(cell, policy: policy, dryRun: false)
        for line in outcome.damaged {
            session.observer.warn(line)
            session.record.log(line)
        }
        for decision in outcome.decisions where !decision.isKept {
            session.record.log("removed snapshot \(decision.id): no rule of retention keeps it")
        }
        return outcome.decisions
    }
}
