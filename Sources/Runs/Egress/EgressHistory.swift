internal import Archive
internal import FoundationEssentials
internal import Netfilter

/// `data/egress.json`: since when each service has its exit. Only for people; nothing depends on it.
struct EgressHistory: Codable, Equatable {
    struct Entry: Codable, Equatable {
        let exit: String
        let since: Timestamp
    }

    var services: [String: Entry] = [:]

    private static let place: RelativePath = "data/egress.json"

    /// Reads it; a file that is missing or damaged is an empty history.
    static func read(_ cell: Cell) throws -> EgressHistory {
        guard try cell.root.directoryIfPresent("data")?.status("egress.json") != nil else { return EgressHistory() }
        let bytes = try cell.root.readFile(place, limit: 1 << 20)
        do {
            return try JSONDecoder().decode(EgressHistory.self, from: Data(bytes))
        } catch {
            return EgressHistory()
        }
    }

    /// Writes down the exits that are in force since now; a service that kept its exit keeps its time.
    static func note(_ plan: EgressPlan, in cell: Cell) throws {
        let before = try read(cell)
        var after = EgressHistory()
        for service in plan.services {
            let old = before.services[service.id]
            after.services[service.id] =
                old?.exit == service.exit.rawValue ? old : Entry(exit: service.exit.rawValue, since: .now)
        }
        if after != before { try after.write(cell) }
    }

    /// Nothing is in force any more.
    static func forget(in cell: Cell) throws {
        if try read(cell) != EgressHistory() { try EgressHistory().write(cell) }
    }

    private func write(_ cell: Cell) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try cell.root.writeAtomically(Self.place, Array(try encoder.encode(self)) + [0x0A], mode: 0o600)
    }
}
