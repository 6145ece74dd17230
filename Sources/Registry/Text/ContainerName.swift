/// A container's name as it may be handed to a container engine: `[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}` (guide, section 5).
///
/// The narrower rule for the containers of a store manifest is one of installation.
public struct ContainerName: CheckedText {
    /// The text itself.
    public let rawValue: String

    /// Checks the text byte by byte; nil when it breaks the rule.
    public init?(rawValue: String) {
        let fits = ASCII.matches(rawValue, longest: 64, first: ASCII.isAlphanumeric) { byte in
            ASCII.isAlphanumeric(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
                || byte == UInt8(ascii: "-")
        }
        guard fits else { return nil }
        self.rawValue = rawValue
    }

    /// The rule in words, for error sentences.
    public static var rule: String {
        "a container name; use a letter or digit, then at most 63 letters, digits, \"_\", \".\" and \"-\""
    }
}
