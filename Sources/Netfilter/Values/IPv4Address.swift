/// An IPv4 address; ordered as a number.
public struct IPv4Address: Hashable, Sendable, Comparable {
    /// The address in host order: 10.0.0.1 is 0x0a000001.
    public let number: UInt32

    public init(number: UInt32) { self.number = number }

    /// Reads four decimal numbers 0–255 without leading zeros, joined by dots; anything else is `nil`.
    public init?(_ text: some StringProtocol) {
        var number: UInt32 = 0
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        for part in parts {
            guard let octet = UInt8(decimal: part) else { return nil }
            number = number << 8 | UInt32(octet)
        }
        self.number = number
    }

    /// The four bytes in network order.
    public init(bytes: (UInt8, UInt8, UInt8, UInt8)) {
        number = UInt32(bytes.0) << 24 | UInt32(bytes.1) << 16 | UInt32(bytes.2) << 8 | UInt32(bytes.3)
    }

    /// The four bytes in network order.
    public var bytes: [UInt8] {
        [UInt8(number >> 24), UInt8(number >> 16 & 0xff), UInt8(number >> 8 & 0xff), UInt8(number & 0xff)]
    }

    public static func < (one: IPv4Address, other: IPv4Address) -> Bool { one.number < other.number }
}

extension IPv4Address: CustomStringConvertible {
    public var description: String { bytes.map { String($0) }.joined(separator: ".") }
}

extension FixedWidthInteger {
    /// Reads ASCII digits only: no sign, no leading zero, nothing around it.
    init?(decimal digits: some Collection<UInt8>) {
        guard let first = digits.first, digits.count == 1 || first != UInt8(ascii: "0") else { return nil }
        var value: Self = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            let (product, over) = value.multipliedReportingOverflow(by: 10)
            let (sum, beyond) = product.addingReportingOverflow(Self(digit - UInt8(ascii: "0")))
            guard !over, !beyond else { return nil }
            value = sum
        }
        self = value
    }
}
