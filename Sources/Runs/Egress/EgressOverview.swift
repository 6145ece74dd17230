public import Archive
public import Netfilter

/// How the cell's network stands, for people and programs.
public struct EgressOverview: Sendable {
    /// What the kernel holds.
    public let status: EgressStatus
    /// Since when each service has its exit, as far as that was this program's doing.
    public let since: [String: Timestamp]
    /// Sentences of the inventory and of the kernel, each once.
    public let findings: [String]

    /// Looks at everything and changes nothing.
    /// - Throws: ``RunError``, ``ContainerError``.
    public init(_ cell: Cell) async throws {
        try Capability.requireAll()
        let inventory = try await EgressInventory(cell)
        status = EgressControl().status(inventory.plan, in: inventory.places)
        since = try EgressHistory.read(cell).services.mapValues(\.since)
        let own = Set(status.containers.flatMap(\.problems))
        findings =
            (inventory.faults.map(\.message).filter { !own.contains($0) } + status.findings + inventory.findings)
            .withoutRepetition
    }
}

extension [String] {
    /// Each sentence once, where it stood first.
    var withoutRepetition: [String] {
        reduce(into: []) { list, sentence in
            if !list.contains(sentence) { list.append(sentence) }
        }
    }
}
