/// Text from outside that was checked byte by byte when it came in; a value of such a type is safe to use as it is.
public protocol CheckedText: RawRepresentable<String>, Codable, Hashable, Sendable, CustomStringConvertible {
    /// What the text must look like, to end the sentence `"x" is not …`.
    static var rule: String { get }
}

extension CheckedText {
    /// The text itself.
    public var description: String { rawValue }

    /// The checked value, or nil when the text breaks the rule.
    public init?(_ text: String) {
        self.init(rawValue: text)
    }
}
