public import Archive

/// What a job did: the backup, whether it was read back, what was removed afterwards.
public struct JobReport: Sendable {
    /// The job.
    public let job: JobName
    /// The backup.
    public let backup: BackupReport
    /// What is damaged in the published snapshot; nil when nothing was read back.
    public internal(set) var findings: [String]?
    /// What retention decided about each snapshot; nil when it did not run.
    public internal(set) var decisions: [Retention.Decision]?
    /// Why the reading back or the pruning could not be done.
    public internal(set) var failure: String?

    init(_ job: JobName, _ backup: BackupReport) {
        self.job = job
        self.backup = backup
    }

    /// The snapshots that were removed, the oldest first.
    public var removed: [SnapshotID] { (decisions ?? []).filter { !$0.isKept }.map(\.id) }

    /// 4 for a damaged snapshot, the backup's own code unless it is 0, 1 when what follows a backup failed.
    public var exitCode: Int32 {
        if let findings, !findings.isEmpty { return 4 }
        if backup.exitCode != 0 { return backup.exitCode }
        return failure == nil ? 0 : 1
    }

    /// For the run's record.
    public var ending: RunSession.Ending {
        var result = backup.ending.result
        if let findings {
            result += findings.isEmpty ? "; read back" : "; DAMAGED: \(findings.joined(separator: "; "))"
        }
        if let decisions { result += "; \(removed.count) of \(decisions.count) snapshots removed by retention" }
        if let failure { result += "; \(failure)" }
        return RunSession.Ending(exitCode: exitCode, snapshot: backup.document?.id.description, result: result)
    }
}
