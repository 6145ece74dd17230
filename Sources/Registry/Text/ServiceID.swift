/// A service's identifier: `[a-z][a-z0-9-]{0,30}`. It names directories and Compose projects.
public struct ServiceID: CheckedText, Comparable {
    /// The text itself.
    public let rawValue: String

    /// Checks the text byte by byte; nil when it breaks the rule.
    public init?(rawValue: String) {
        let fits = ASCII.matches(rawValue, longest: 31, first: ASCII.isLower) { byte in
            ASCII.isLower(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "-")
        }
        guard fits else { return nil }
        self.rawValue = rawValue
    }

    /// The rule in words, for error sentences.
    public static var rule: String {
        "a service id; use a lower-case letter, then at most 30 lower-case letters, digits and \"-\""
    }

    /// Order of the bytes, the same in every locale.
    public static func < (left: ServiceID, right: ServiceID) -> Bool {
        left.rawValue.utf8.lexicographicallyPrecedes(right.rawValue.utf8)
    }
}
