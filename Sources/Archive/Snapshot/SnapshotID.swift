public import FoundationEssentials

/// A snapshot's name: the UTC second in which its run started, `20261123T023000Z`.
///
/// Ids never collide: when one is taken, the next free second is, and RENAME_NOREPLACE has the last word at publish.
public struct SnapshotID: Sendable, Hashable {
    /// The moment, in whole seconds; years 1 to 9999.
    public let start: Timestamp

    /// The second of `start`, fractions dropped; years outside 1–9999 become the nearest moment inside.
    public init(_ start: Timestamp) {
        self.start = Timestamp(seconds: min(max(start.seconds, -62_135_596_800), 253_402_300_799))
    }

    /// The second of `date`, rounded down.
    public init(_ date: Date) { self.init(Timestamp(date)) }

    /// Reads exactly sixteen bytes `YYYYMMDDTHHMMSSZ` that name an existing moment; anything else is nil.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z"),
            let civil = CivilTime(digits: Array(bytes[0..<8] + bytes[9..<15]))
        else { return nil }
        self.init(Timestamp(seconds: civil.seconds))
    }

    /// One second later.
    public var next: SnapshotID { SnapshotID(Timestamp(seconds: start.seconds + 1)) }

    /// The id as the name of a directory.
    public var path: RelativePath { RelativePath(checked: [Array(description.utf8)]) }
}

extension SnapshotID: Comparable {
    /// The older one first.
    public static func < (left: SnapshotID, right: SnapshotID) -> Bool { left.start < right.start }
}

extension SnapshotID: CustomStringConvertible {
    public var description: String {
        let civil = CivilTime(seconds: start.seconds)
        return "\(civil.date(""))T\(civil.time(""))Z"
    }
}

extension SnapshotID: Codable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let id = SnapshotID(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not a snapshot id: \(text)"))
        }
        self = id
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
