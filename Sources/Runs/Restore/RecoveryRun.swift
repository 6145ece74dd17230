/// What every run of a cell begins with, as a run of its own: for the boot.
public enum RecoveryRun {
    /// Finishes or undoes what killed runs left.
    ///
    /// - Returns: volumes that could not be settled, each with the reason.
    /// - Throws: ``RunError`` `.busy` while another run holds the cell.
    public static func perform(
        _ cell: Cell, observer: any RunObserver, exitCode: (any Error) -> Int32
    ) async throws -> [String: String] {
        try await RunSession.perform(cell, kind: .recover, observer: observer, exitCode: exitCode) { session in
            var reasons: [String: String] = [:]
            for (place, reason) in session.unsettled { reasons[place.description] = reason }
            let result =
                reasons.isEmpty ? "nothing is left of an earlier run" : "\(reasons.count) volumes are not settled"
            return (reasons, RunSession.Ending(exitCode: reasons.isEmpty ? 0 : 3, result: result))
        }
    }
}
