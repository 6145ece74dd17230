/// An IPv4 address as four decimal numbers without leading zeros, e.g. `172.20.0.21`.
public struct ServiceAddress: CheckedText, Comparable {
    /// The text itself; an address has only this one.
    public let rawValue: String
    /// The address as a number, the first of the four in the highest bits.
    let number: UInt32

    /// Checks the text byte by byte; nil when it breaks the rule.
    public init?(rawValue: String) {
        let parts = rawValue.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var number: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.allSatisfy(ASCII.isDigit),
                part.count == 1 || part.first != UInt8(ascii: "0"),
                let byte = UInt8(String(decoding: part, as: UTF8.self))
            else { return nil }
            number = number << 8 | UInt32(byte)
        }
        self.rawValue = rawValue
        self.number = number
    }

    init(number: UInt32) {
        self.number = number
        rawValue = [24, 16, 8, 0].map { String(number >> UInt32($0) & 0xff) }.joined(separator: ".")
    }

    /// The rule in words, for error sentences.
    public static var rule: String {
        "an IPv4 address; use four numbers from 0 to 255 with dots between them, such as 172.20.0.21"
    }

    /// Order of the numbers: 172.20.0.9 comes before 172.20.0.21.
    public static func < (left: ServiceAddress, right: ServiceAddress) -> Bool { left.number < right.number }
}
