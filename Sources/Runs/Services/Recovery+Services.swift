internal import Registry

extension Recovery {
    /// Finishes or takes back the change of a service that a killed run left.
    ///
    /// - Returns: a sentence; nil when the run had left none.
    /// - Throws: what keeps it from being settled; it is tried again by the next run.
    func settleChange(_ steps: [RunStep], of run: RunID) async throws -> String? {
        guard let change = steps.pendingChange, let id = ServiceID(change.service) else { return nil }
        let engine = try await session.serviceEngine()
        let work = ServiceWork(session: session, change: change, id: id, engine: engine) { step in
            // In that run's journal, so that a kill of ours finds how far we came.
            try RunHistory(session.cell).append(step, to: run)
        }
        let done = steps.ofChange
        // Its errors are told by the note; a run of its own that Caddy's and the kernel's changes are has its own record.
        let exitCode: @Sendable (any Error) -> Int32 = { _ in 1 }
        if change.kind == .remove {
            guard done.contains(.place) else {
                try work.begin(RunStep(.done))
                return "the removal of \(id) had not begun"
            }
            return (["\(id) was removed"] + (try await work.remove(exitCode))).joined(separator: "; ")
        }
        if done.contains(.commit) {
            try work.sweep()
            try work.begin(RunStep(.done))
            return "the \(change.kind.rawValue) of \(id) was finished"
        }
        return (["the \(change.kind.rawValue) of \(id) was undone"] + (try await work.undo(steps, exitCode)))
            .joined(separator: "; ")
    }
}
