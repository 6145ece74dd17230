extension Timestamp {
    /// Reads pax's decimal form (`1700000000.123456789`, `-1.5`); digits beyond nanoseconds are cut off.
    init?(pax text: ArraySlice<UInt8>) {
        var rest = text
        let negative = rest.first == UInt8(ascii: "-")
        if negative { rest = rest.dropFirst() }
        let parts = rest.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, let seconds = DecimalText.parse(whole),
            seconds <= Int64.min.magnitude, negative || seconds < Int64.min.magnitude
        else { return nil }
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
        case (true, 0): self.init(seconds: seconds == Int64.min.magnitude ? .min : -Int64(seconds))
        case (true, _):
            guard seconds < Int64.min.magnitude else { return nil }
            self.init(seconds: -Int64(seconds) - 1, nanoseconds: 1_000_000_000 - nanoseconds)
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
