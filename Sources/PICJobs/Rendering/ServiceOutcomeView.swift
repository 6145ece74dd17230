import ArgumentParser
import Runs

/// What a change of a service came to.
struct ServiceOutcomeView {
    private let outcome: ServiceOutcome
    private let done: String

    /// - Parameter done: the verb, as in "installed".
    init(_ outcome: ServiceOutcome, done: String) {
        self.outcome = outcome
        self.done = done
    }

    private struct Object: Encodable {
        let service: String
        let changed: Bool
        let version: String?
        let before: String?
        let addresses: [String: String]
        let snapshot: String?
        let notes: [String]
        let problems: [String]
    }

    /// Shows it; ends with 3 when something is left to do.
    func show(_ global: GlobalOptions) throws {
        if global.json {
            try Output.json(
                Object(
                    service: outcome.service, changed: outcome.isChanged, version: outcome.version,
                    before: outcome.before,
                    addresses: Dictionary(outcome.addresses.map { ($0.container, $0.address) }) { first, _ in first },
                    snapshot: outcome.snapshot, notes: outcome.notes, problems: outcome.problems))
        } else {
            if !global.quiet { Output.data(line) }
            for note in outcome.notes where !global.quiet { Output.talk("note: \(note)") }
            for problem in outcome.problems { Output.talk("picjobs: \(problem)") }
        }
        if outcome.exitCode != 0 { throw ExitCode(outcome.exitCode) }
    }

    private var line: String {
        let name = [outcome.service, outcome.version].compactMap(\.self).joined(separator: " ")
        guard outcome.isChanged else {
            return outcome.before == outcome.version && outcome.version != nil
                ? "\(name): nothing to do" : "\(name): everything was checked, and nothing was changed"
        }
        let before = outcome.before.map { $0 == outcome.version ? "" : " (before: \($0))" } ?? ""
        let addresses = outcome.addresses.map { "\($0.container) at \($0.address)" }.joined(separator: ", ")
        return "\(done) \(name)\(before)" + (addresses.isEmpty ? "" : ": \(addresses)")
    }
}
