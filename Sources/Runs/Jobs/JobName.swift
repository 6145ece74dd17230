/// A job's name, `[a-z0-9][a-z0-9-]{0,62}`: what its file in `jobs/` is called without `.yml`.
public struct JobName: Sendable, Hashable, CustomStringConvertible {
    /// The name itself.
    public let text: String

    /// Checks the text byte by byte; nil when it breaks the rule.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard (1...63).contains(bytes.count), bytes.first != UInt8(ascii: "-"),
            bytes.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") })
        else { return nil }
        self.text = text
    }

    /// The rule in words, for error sentences.
    public static var rule: String {
        "a job's name: 1 to 63 lower-case letters, digits and \"-\", not \"-\" at the start"
    }

    /// Reads a name from a command line.
    ///
    /// - Throws: ``RunError`` `.usage`.
    public init(checking text: String) throws {
        guard let name = JobName(text) else { throw RunError(.usage, "\"\(text)\" is not \(Self.rule)") }
        self = name
    }

    /// The name.
    public var description: String { text }
}
