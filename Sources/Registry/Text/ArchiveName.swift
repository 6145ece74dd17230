/// The filename stem of a volume's archive: `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`. It stands alone in a snapshot's
/// directory, so it can hold no separator and no leading dot.
public struct ArchiveName: CheckedText {
    /// The text itself.
    public let rawValue: String

    /// Checks the text byte by byte; nil when it breaks the rule.
    public init?(rawValue: String) {
        let fits = ASCII.matches(rawValue, longest: 64, first: ASCII.isAlphanumeric) { byte in
            ASCII.isAlphanumeric(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: "-")
        }
        guard fits else { return nil }
        self.rawValue = rawValue
    }

    /// The rule in words, for error sentences.
    public static var rule: String {
        "an archive name; use a letter or digit, then at most 63 letters, digits, \".\", \"_\" and \"-\""
    }

    /// What two names of a service must differ in: the name without regard to case, because snapshots are also copied
    /// to file systems that ignore it.
    public var key: String { ASCII.lowercased(rawValue) }
}
