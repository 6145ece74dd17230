internal import Netfilter

/// What a run of egress did, or would do.
public struct EgressOutcome: Sendable, Codable {
    /// One change.
    public struct Change: Sendable, Codable, Equatable {
        /// `gateway`, `host`, or a container's name.
        public let place: String
        /// As in "add the rule 1110: …".
        public let step: String
        /// Who had changed it, as in `nft[4711]`; nil when nobody is known to have.
        public var by: String?
    }

    /// What was changed, or would be.
    public internal(set) var changes: [Change] = []
    /// What is not as planned, and closed for that reason.
    public internal(set) var problems: [String] = []
    /// What is worth knowing.
    public internal(set) var findings: [String] = []
    /// The gateway or the host could not be brought to the plan.
    public internal(set) var isGatewayLost = false

    init() {}

    init(_ report: EgressReport, _ inventory: EgressInventory) {
        changes = report.steps.map { Change(place: $0.place, step: $0.line) }
        problems =
            (inventory.faults.map(\.message) + report.problems.map { "\($0.place): \($0.message)" })
            .withoutRepetition
        findings = inventory.findings + report.findings
        isGatewayLost = report.problems.contains { ["gateway", "host"].contains($0.place) }
    }

    /// 0 when all is as planned, 3 when a service is closed that should not be, 1 when the gateway or the guard failed.
    public var exitCode: Int32 { isGatewayLost ? 1 : problems.isEmpty ? 0 : 3 }

    /// For the run's record.
    var ending: RunSession.Ending {
        var result = changes.isEmpty ? "nothing to change" : "\(changes.count) changes"
        if !problems.isEmpty { result += "; " + problems.joined(separator: "; ") }
        return RunSession.Ending(exitCode: exitCode, result: result)
    }
}
