/// The stable name of a rule, e.g. `volumes.mount.forbidden`; docs/rules.md lists all of them.
public struct RuleID: RawRepresentable, Sendable, Hashable {
    /// The name: words of lower-case letters, digits, `_` and `-`, joined by dots.
    public let rawValue: String

    /// The rule of that name, whether or not a book holds it.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }
}

extension RuleID: ExpressibleByStringLiteral, CustomStringConvertible, Codable {
    /// The rule of that name; a test holds every name in the code against the book.
    public init(stringLiteral name: String) {
        self.init(rawValue: name)
    }

    /// The name.
    public var description: String { rawValue }
}
