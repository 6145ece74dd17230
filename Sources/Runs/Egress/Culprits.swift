internal import Netfilter

/// Who made repairs necessary, as far as the kernel tells.
struct Culprits {
    private var events: [NetlinkEvent] = []

    /// Keeps the last thousand events of others: what floods us needs no names.
    mutating func add(_ more: [NetlinkEvent]) {
        events = Array((events + more.filter { !$0.writer.isOwn }).suffix(1000))
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
            step.hasSuffix("the rule \(text)") ? "\(isGone ? "removed" : "added") by \(event.writer)" : nil
        case .route(let text, let table, let isGone):
            if step.hasSuffix("the route \(text)") {
                "\(isGone ? "removed" : "added") by \(event.writer)"
            } else if step.hasPrefix("put the default route"), table == .main, text.hasPrefix("default") {
                "\(isGone ? "removed" : "replaced") by \(event.writer)"
            } else {
                nil
            }
        case .ruleset:
            step.contains("pic_egress") || step.contains("pic_guard") ? "changed by \(event.writer)" : nil
        case .link(let name, let isGone):
            step.contains(" dev \(name) ") ? "the link \(name) \(isGone ? "went" : "changed")" : nil
        case .address: nil
        case .lost: "too many changes at once to say who made them"
        }
    }
}
