public import Archive

/// Removes the snapshots that no rule of a policy keeps.
public enum Pruning {
    /// Decides, and unless it is a dry run removes, the oldest first.
    ///
    /// - Returns: one decision for each snapshot that can be read. Unreadable ones are never touched, nor are those with
    ///   which an unfinished run is undone.
    /// - Throws: ``RunError`` where the record of a run is not understood that may need any of them.
    public static func run(_ cell: Cell, policy: RetentionPolicy, dryRun: Bool) throws -> [Retention.Decision] {
        let (store, history) = (try cell.store(), try RunHistory(cell))
        if let reason = try history.unclear().objectionToPruning { throw RunError(.failed, reason) }
        let held = try history.waysBack()
        let candidates = try store.list(key: try cell.key()).retentionCandidates()
        let decisions = Retention.plan(candidates, policy).map { decision in
            held[decision.id].map { decision.keeping("way back of run \($0)") } ?? decision
        }
        if !dryRun {
            for decision in decisions where !decision.isKept { try store.delete(decision.id) }
        }
        return decisions
    }
}
