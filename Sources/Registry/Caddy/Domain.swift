/// A domain name: labels of `[a-z0-9-]`, joined by dots, at most 253 bytes.
public struct Domain: CheckedText {
    /// The text itself, in lower case.
    public let rawValue: String

    /// Checks the text byte by byte; nil when it breaks the rule. A dot at the end and capital letters are taken away.
    public init?(rawValue: String) {
        var text = ASCII.lowercased(rawValue)
        if text.utf8.last == UInt8(ascii: ".") { text.removeLast() }
        let dash = UInt8(ascii: "-")
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let fits = labels.allSatisfy { label in
            (1...63).contains(label.count) && label.first != dash && label.last != dash
                && label.allSatisfy { ASCII.isLower($0) || ASCII.isDigit($0) || $0 == dash }
        }
        guard fits, text.utf8.count <= 253 else { return nil }
        self.rawValue = text
    }

    /// The rule in words, for error sentences.
    public static var rule: String { "a domain name, such as \"alice.pic.ngo\"" }
}
