/// An IPv4 network in CIDR form, such as 172.20.0.0/16; its host bits are zero.
public struct IPv4Prefix: Hashable, Sendable {
    /// The first address.
    public let address: IPv4Address
    /// 0–32.
    public let length: UInt8

    /// `nil` when `length` is above 32 or a host bit is set.
    public init?(_ address: IPv4Address, length: UInt8) {
        guard length <= 32, address.number & ~Self.mask(length) == 0 else { return nil }
        self.address = address
        self.length = length
    }

    /// Reads `a.b.c.d/n`; `nil` for anything else, a set host bit included.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPv4Address(parts[0]), let length = UInt8(decimal: parts[1].utf8) else {
            return nil
        }
        self.init(address, length: length)
    }

    /// The network of this length, at most 32, that an address is in.
    public init(_ inside: IPv4Address, maskedTo length: UInt8) {
        let length = min(length, 32)
        self.init(checked: IPv4Address(number: inside.number & Self.mask(length)), length)
    }

    private init(checked address: IPv4Address, _ length: UInt8) {
        self.address = address
        self.length = length
    }

    /// Whether the address lies inside.
    public func contains(_ other: IPv4Address) -> Bool { other.number & Self.mask(length) == address.number }

    /// The mask's four bytes: 255.255.0.0 for a length of 16.
    var maskBytes: [UInt8] { IPv4Address(number: Self.mask(length)).bytes }

    /// 0.0.0.0/0.
    public static let all = IPv4Prefix(checked: IPv4Address(number: 0), 0)

    /// A network of one address.
    public static func host(_ address: IPv4Address) -> IPv4Prefix { IPv4Prefix(checked: address, 32) }

    private static func mask(_ length: UInt8) -> UInt32 { length == 0 ? 0 : UInt32.max << (32 - UInt32(length)) }
}

extension IPv4Prefix {
    /// The fewest networks that hold exactly the addresses of `range`, in order.
    public static func covering(_ range: IPv4Range) -> [IPv4Prefix] {
        var found: [IPv4Prefix] = []
        var next = UInt64(range.first.number)
        let last = UInt64(range.last.number)
        while next <= last {
            var bits = min(next == 0 ? 32 : next.trailingZeroBitCount, 32)
            while next + (1 << UInt64(bits)) - 1 > last { bits -= 1 }
            found.append(IPv4Prefix(checked: IPv4Address(number: UInt32(next)), UInt8(32 - bits)))
            next += 1 << UInt64(bits)
        }
        return found
    }
}

extension IPv4Prefix: CustomStringConvertible {
    public var description: String { "\(address)/\(length)" }
}
