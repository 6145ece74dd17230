/// Where Caddy sends a request: `container:port` on the cell's network (guide, section 2).
public struct Backend: CheckedText {
    /// The text itself.
    public let rawValue: String
    /// The part before the colon.
    public let host: ContainerName
    /// 1 to 65535.
    public let port: UInt16

    /// Checks the text byte by byte; nil when it breaks the rule.
    public init?(rawValue: String) {
        let parts = rawValue.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let host = ContainerName(String(parts[0])), (1...5).contains(parts[1].utf8.count),
            parts[1].utf8.allSatisfy(ASCII.isDigit), let port = UInt16(parts[1]), port > 0
        else { return nil }
        self.rawValue = rawValue
        self.host = host
        self.port = port
    }

    /// The rule in words, for error sentences.
    public static var rule: String { "a backend; use container:port, such as \"cell-notes:8080\"" }
}
