/// How bad it is to break a rule.
public enum Severity: String, Sendable, Codable, CaseIterable {
    /// The manifest is refused.
    case error
    /// The manifest is accepted; a review would ask for a change.
    case warning
}
