/// A network of either family; host bits are not checked, because the kernel may hold some.
public struct IPPrefix: Hashable, Sendable {
    public let address: IPAddress
    /// 0–32 or 0–128.
    public let length: UInt8

    /// `nil` when `length` is longer than the address.
    public init?(_ address: IPAddress, length: UInt8) {
        guard Int(length) <= address.bytes.count * 8 else { return nil }
        self.address = address
        self.length = length
    }

    public init(_ prefix: IPv4Prefix) {
        address = IPAddress(prefix.address)
        length = prefix.length
    }

    private init(all family: AddressFamily) {
        address = .unspecified(family)
        length = 0
    }

    /// `default`: every address of the family.
    public static func all(_ family: AddressFamily) -> IPPrefix { IPPrefix(all: family) }

    /// Whether it holds every address.
    public var isAll: Bool { length == 0 }
}

extension IPPrefix: CustomStringConvertible {
    public var description: String { isAll ? "default" : "\(address)/\(length)" }
}
