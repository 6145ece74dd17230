public import Archive

/// Removes the snapshots that no rule of a policy keeps.
public enum Pruning {
    /// Decides, and unless it is a dry run removes, the oldest first.
    ///
    /// - Returns: one decision for each snapshot that can be read. Unreadable ones are never touched.
    public static func run(
        store: SnapshotStore, key: SnapshotKey?, policy: RetentionPolicy, dryRun: Bool
    ) throws -> [Retention.Decision] {
        let decisions = Retention.plan(try store.list(key: key).retentionCandidates, policy)
        if !dryRun {
            for decision in decisions where !decision.isKept { try store.delete(decision.id) }
        }
        return decisions
    }
}
