internal import Glibc
internal import Netfilter

/// Who changed what since the last look, as far as the kernel tells.
struct Culprits {
    private var events: [NetlinkEvent] = []
    private let own = UInt32(getpid())

    /// Keeps the last thousand: what floods us needs no names.
    mutating func add(_ more: [NetlinkEvent]) {
        events = Array((events + more.filter { $0.writer.number != own }).suffix(1000))
    }

    /// The same changes, each with who made it necessary.
    func blame(_ changes: [EgressOutcome.Change]) -> [EgressOutcome.Change] {
        changes.map { change in
            var change = change
            change.by =
                events.reversed().lazy.filter { $0.place == change.place }.compactMap { event in
                    Self.reason(event, for: change.step)
                }.first
            return change
        }
    }

    /// How an event explains a repair; nil when it does not.
    private static func reason(_ event: NetlinkEvent, for step: String) -> String? {
        switch event.kind {
        case .rule(let text, let isGone):
            guard step.hasSuffix("the rule \(text)") else { return nil }
            return "\(isGone ? "removed" : "added") by \(event.writer)"
        case .route(let text, _, let isGone):
            guard step.hasSuffix("the route \(text)") else {
                return isGone && step.hasPrefix("put the default route") ? "removed by \(event.writer)" : nil
            }
            return "\(isGone ? "removed" : "added") by \(event.writer)"
        case .ruleset:
            return step.contains("pic_egress") || step.contains("pic_guard") ? "changed by \(event.writer)" : nil
        case .link(let name, let isGone):
            guard step.contains("the route ") else { return nil }
            return "the link \(name) \(isGone ? "went" : "changed")"
        case .address: return nil
        case .lost: return "too many changes at once to say who made them"
        }
    }
}
