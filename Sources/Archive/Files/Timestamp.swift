public import FoundationEssentials
internal import Glibc

/// A moment in UTC with nanoseconds, written as RFC 3339: `2026-11-23T02:30:00Z`, or with nine decimals.
public struct Timestamp: Sendable, Hashable {
    /// Seconds since 1970-01-01T00:00:00Z, negative before.
    public let seconds: Int64
    /// 0 ..< 1 000 000 000.
    public let nanoseconds: UInt32

    /// Nanoseconds above 999 999 999 are cut to that.
    public init(seconds: Int64, nanoseconds: UInt32 = 0) {
        self.seconds = seconds
        self.nanoseconds = min(nanoseconds, 999_999_999)
    }

    /// Whole seconds, rounded down.
    public init(_ date: Date) {
        self.init(seconds: Int64(date.timeIntervalSince1970.rounded(.down)))
    }

    /// The wall clock (CLOCK_REALTIME), in whole seconds.
    public static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec))
    }

    /// Reads exactly the form `description` writes; anything else is nil.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 20 || bytes.count == 30, bytes.last == UInt8(ascii: "Z") else { return nil }
        let marks: [Int: Character] = [4: "-", 7: "-", 10: "T", 13: ":", 16: ":"]
        guard marks.allSatisfy({ bytes[$0.key] == $0.value.asciiValue }),
            let civil = CivilTime(digits: (0..<19).filter { marks[$0] == nil }.map { bytes[$0] })
        else { return nil }
        var nanoseconds: UInt32 = 0
        if bytes.count == 30 {
            guard bytes[19] == UInt8(ascii: "."), let value = CivilTime.number(bytes[20..<29]) else { return nil }
            nanoseconds = UInt32(value)
        }
        self.init(seconds: civil.seconds, nanoseconds: nanoseconds)
    }

    /// The moment as Foundation's Date, without nanoseconds below a double's precision.
    public var date: Date { Date(timeIntervalSince1970: Double(seconds) + Double(nanoseconds) / 1e9) }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339; years outside 0000–9999 print as the nearest moment inside.
    public var description: String {
        let civil = CivilTime(seconds: min(max(seconds, -62_167_219_200), 253_402_300_799))
        let fraction = nanoseconds == 0 ? "" : "." + CivilTime.pad(Int64(nanoseconds), 9)
        return "\(civil.date("-"))T\(civil.time(":"))\(fraction)Z"
    }
}

extension Timestamp: Comparable {
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}

extension Timestamp: Codable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let value = Timestamp(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not an RFC 3339 time in UTC: \(text)"))
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
