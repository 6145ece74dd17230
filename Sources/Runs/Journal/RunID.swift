public import Archive

/// A run's name: the UTC second it began in and six hex digits, `20261123T023000Z-3fa9c1`.
public struct RunID: Sendable, Hashable, Codable, CustomStringConvertible {
    /// The whole name.
    public let text: String

    /// A new one for a run that begins now.
    public init(now: Timestamp = .now) {
        let digits = String(UInt32.random(in: 0...0xFF_FFFF), radix: 16)
        text = "\(SnapshotID(now))-" + String(repeating: "0", count: 6 - digits.count) + digits
    }

    /// Reads a name; nil unless it is one.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, SnapshotID(String(parts[0])) != nil, parts[1].utf8.count == 6,
            parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        self.text = text
    }

    /// The name.
    public var description: String { text }

    /// As a name in `data/runs`.
    var path: RelativePath { get throws { try RelativePath(text) } }
}
