internal import Archive
internal import Glibc

/// A run's name: the UTC second it began in, its millisecond and three random digits, in hex:
/// `20261123T023000Z-3e7a9c`. Names sort by time.
public struct RunID: Sendable, Hashable, Codable, CustomStringConvertible {
    /// The whole name.
    public let text: String

    /// A new one for a run that begins now.
    public init() {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let now = Timestamp(seconds: Int64(time.tv_sec))
        let millisecond = UInt32(time.tv_nsec / 1_000_000)
        let digits = String(millisecond << 12 | UInt32.random(in: 0...0xFFF), radix: 16)
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

    /// Reads a name from a command line.
    ///
    /// - Throws: ``RunError`` `.usage`.
    public init(checking text: String) throws {
        guard let id = RunID(text) else {
            throw RunError(.usage, "\"\(text)\" is no run id such as 20261123T023000Z-3fa9c1; jobs history lists them")
        }
        self = id
    }

    /// Reads it from a single string.
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let id = RunID(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "\(text) is no run id"))
        }
        self = id
    }

    /// Writes it as a single string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    /// The name.
    public var description: String { text }

    /// When the run began.
    var start: Timestamp { SnapshotID(String(text.prefix(16)))?.start ?? Timestamp(seconds: 0) }

    /// As a name in `data/runs`.
    var path: RelativePath { get throws { try RelativePath(text) } }
}
