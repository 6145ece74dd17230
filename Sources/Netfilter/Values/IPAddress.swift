internal import Glibc

/// IPv4 or IPv6 (AF_INET, AF_INET6).
public enum AddressFamily: UInt8, Hashable, Sendable, CaseIterable {
    case ipv4 = 2
    case ipv6 = 10

    /// The length of an address in bytes.
    public var width: Int { self == .ipv4 ? 4 : 16 }
}

/// An address of either family, for what is read from the kernel.
public struct IPAddress: Hashable, Sendable {
    public let family: AddressFamily
    /// 4 or 16 bytes in network order.
    public let bytes: [UInt8]

    /// `nil` unless there are 4 or 16 bytes.
    public init?(bytes: [UInt8]) {
        guard let family = AddressFamily.allCases.first(where: { $0.width == bytes.count }) else { return nil }
        self.family = family
        self.bytes = bytes
    }

    public init(_ address: IPv4Address) {
        family = .ipv4
        bytes = address.bytes
    }

    private init(unspecified family: AddressFamily) {
        self.family = family
        bytes = [UInt8](repeating: 0, count: family.width)
    }

    /// 0.0.0.0 or ::.
    public static func unspecified(_ family: AddressFamily) -> IPAddress { IPAddress(unspecified: family) }

    /// The IPv4 address; `nil` for the other family.
    public var ipv4: IPv4Address? {
        family == .ipv4 ? IPv4Address(bytes: (bytes[0], bytes[1], bytes[2], bytes[3])) : nil
    }
}

extension IPAddress: CustomStringConvertible {
    /// As `inet_ntop` writes it: of IPv6, the form of RFC 5952.
    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(family == .ipv4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count)) != nil else {
            return ""
        }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
    }
}
