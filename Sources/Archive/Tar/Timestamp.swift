/// Seconds since 1970-01-01T00:00:00Z, and nanoseconds that count forward from them (0..<1 000 000 000).
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Negative before 1970.
    public let seconds: Int64
    /// Always counts forward, also before 1970.
    public let nanoseconds: UInt32

    /// - Parameter nanoseconds: below 1 000 000 000.
    public init(seconds: Int64, nanoseconds: UInt32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Orders by time.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    /// Reads pax's decimal form (`1700000000.123456789`, `-1.5`); digits beyond nanoseconds are cut off.
    init?(pax text: ArraySlice<UInt8>) {
        var rest = text
        let negative = rest.first == UInt8(ascii: "-")
        if negative { rest = rest.dropFirst() }
        let parts = rest.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, let seconds = DecimalText.parse(whole), seconds <= UInt64(Int64.max) - 1 else {
            return nil
        }
        var nanoseconds: UInt32 = 0
        if parts.count == 2 {
            guard !parts[1].isEmpty, parts[1].allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            for index in 0..<9 {
                let digit = index < parts[1].count ? parts[1][parts[1].startIndex + index] - 0x30 : 0
                nanoseconds = nanoseconds * 10 + UInt32(digit)
            }
        }
        switch (negative, nanoseconds) {
        case (false, _): self.init(seconds: Int64(seconds), nanoseconds: nanoseconds)
        case (true, 0): self.init(seconds: -Int64(seconds))
        case (true, _): self.init(seconds: -Int64(seconds) - 1, nanoseconds: 1_000_000_000 - nanoseconds)
        }
    }

    /// The shortest decimal form that ``init(pax:)`` reads back.
    var paxText: String {
        guard nanoseconds > 0 else { return String(seconds) }
        let below = seconds < 0
        let whole = below ? -(seconds + 1) : seconds
        let fraction = below ? 1_000_000_000 - nanoseconds : nanoseconds
        let digits = String(fraction)
        let padded = String(repeating: "0", count: 9 - digits.count) + digits
        return (below ? "-" : "") + String(whole) + "." + padded
    }
}

/// Plain decimal digits in bytes.
enum DecimalText {
    /// Nil for anything but 1…20 digits that fit 64 bits.
    static func parse(_ digits: some Collection<UInt8>) -> UInt64? {
        guard !digits.isEmpty, digits.count <= 20 else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit - 0x30))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }
}
