/// One place of a Compose document that breaks a rule.
public struct ComposeViolation: Sendable, Hashable {
    /// The rule that is broken.
    public let rule: ComposeRule
    /// The place; empty for the whole document.
    public let place: JSONPointer
    /// What is wrong there, without the place and the remedy.
    public let message: String
    /// What to do.
    public let remedy: String

    init(_ rule: ComposeRule, at place: JSONPointer, _ message: String, remedy: String? = nil) {
        self.rule = rule
        self.place = place
        self.message = message
        self.remedy = remedy ?? rule.remedy
    }

    /// The place with dots, e.g. `services.cell-notes.volumes.0`; safe for a terminal.
    public var path: String {
        place.steps.map { step in
            switch step {
            case .index(let index): String(index)
            case .key(let key): key.unicodeScalars.prefix(80).map(shown).joined()
            }
        }.joined(separator: ".")
    }

    /// The violation as a fault of a file.
    public func fault(in file: String) -> Fault {
        Fault(file: file, pointer: place, "\(message) [\(rule.rawValue)]; \(remedy)")
    }
}

extension ComposeViolation: CustomStringConvertible {
    /// `services.cell-notes.privileged: is no key of a service [compose-key]; remove the key`
    public var description: String {
        (path.isEmpty ? "" : path + ": ") + "\(message) [\(rule.rawValue)]; \(remedy)"
    }
}
