/// A peer's user name on services: `[a-z0-9][a-z0-9._-]{0,31}` without `..`.
public struct PeerName: CheckedText, Comparable {
    /// The text itself.
    public let rawValue: String

    /// Checks the text byte by byte; nil when it breaks the rule.
    public init?(rawValue: String) {
        let marks = Array("._-".utf8)
        let isPlain = { (byte: UInt8) in ASCII.isLower(byte) || ASCII.isDigit(byte) }
        let fits = ASCII.matches(rawValue, longest: 32, first: isPlain) { isPlain($0) || marks.contains($0) }
        guard fits, !rawValue.contains("..") else { return nil }
        self.rawValue = rawValue
    }

    /// The rule in words, for error sentences.
    public static var rule: String {
        "a user name; use a lower-case letter or digit, then at most 31 of these, \".\", \"_\" and \"-\", without \"..\""
    }

    /// Order of the bytes.
    public static func < (left: PeerName, right: PeerName) -> Bool {
        left.rawValue.utf8.lexicographicallyPrecedes(right.rawValue.utf8)
    }
}
