public import Archive

/// Removes the snapshots that no rule of a policy keeps.
public enum Pruning {
    /// What was decided.
    public struct Outcome: Sendable {
        /// One decision for each snapshot that can be read.
        public let decisions: [Retention.Decision]
        /// A sentence for each that is damaged: no rule is applied to it, and it stays.
        public let damaged: [String]
        /// How many were removed, or would be.
        public var removed: Int { decisions.count { !$0.isKept } }
    }

    /// Decides, and unless it is a dry run removes, the oldest first. Nor are those touched with which an unfinished run
    /// is undone.
    ///
    /// - Throws: ``RunError`` where the record of a run is not understood that may need any of them; `ArchiveError` where
    ///   a snapshot can't be looked at, which says nothing about what it holds.
    public static func run(_ cell: Cell, policy: RetentionPolicy, dryRun: Bool) throws -> Outcome {
        let (store, history) = (try cell.store(), try RunHistory(cell))
        if let reason = try history.unclear().objectionToPruning { throw RunError(.failed, reason) }
        let held = try history.waysBack()
        let listing = try store.list(key: try cell.key())
        if let one = listing.unreadable.first(where: { $0.error.code != .damaged }) { throw one.error }
        let candidates = try listing.retentionCandidates()
        let decisions = Retention.plan(candidates, policy).map { decision in
            held[decision.id].map { decision.keeping("way back of run \($0)") } ?? decision
        }
        if !dryRun {
            for decision in decisions where !decision.isKept { try store.delete(decision.id) }
        }
        return Outcome(
            decisions: decisions,
            damaged: listing.unreadable.map { "snapshot \($0.id) is damaged and stays: \($0.error.message)" })
    }
}
