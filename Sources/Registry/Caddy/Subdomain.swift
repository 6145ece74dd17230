/// A subdomain of the cell: `[a-z][a-z0-9-]{0,30}` (guide, section 2), and no `-` at its end.
public struct Subdomain: CheckedText, Comparable {
    /// The text itself.
    public let rawValue: String

    /// Names that belong to the cell itself (guide, section 2).
    public static let reserved: Set<String> = [
        "api", "webui", "admin", "www", "ns1", "ns2", "git", "registry", "install",
    ]

    /// Checks the text byte by byte; nil when it breaks the rule.
    public init?(rawValue: String) {
        let dash = UInt8(ascii: "-")
        let fits = ASCII.matches(rawValue, longest: 31, first: ASCII.isLower) { byte in
            ASCII.isLower(byte) || ASCII.isDigit(byte) || byte == dash
        }
        guard fits, rawValue.utf8.last != dash else { return nil }
        self.rawValue = rawValue
    }

    /// The rule in words, for error sentences.
    public static var rule: String {
        "a subdomain; use a lower-case letter, then at most 30 lower-case letters, digits and \"-\", the last of them no "
            + "\"-\""
    }

    /// Whether a service may not have it.
    public var isReserved: Bool { Self.reserved.contains(rawValue) }

    /// Order of the bytes.
    public static func < (left: Subdomain, right: Subdomain) -> Bool {
        left.rawValue.utf8.lexicographicallyPrecedes(right.rawValue.utf8)
    }
}
