/// Words for the family `bridge`, where a packet is a frame on its way from one port to another.
extension [NftExpression] {
    /// `meta protocol ip` or `arp`.
    public static func isFrame(_ type: EtherType) -> Self {
        [
            .loadMeta(.etherType, .first),
            .compare(.first, .equal, [UInt8(type.rawValue >> 8), UInt8(type.rawValue & 0xff)]),
        ]
    }

    /// `iif @SET`.
    public static func comesIn(inSet set: String) -> Self {
        [.loadMeta(.incoming, .first), .lookup(.first, set: set, into: nil)]
    }

    /// `oif @SET`.
    public static func goesOut(inSet set: String) -> Self {
        [.loadMeta(.outgoing, .first), .lookup(.first, set: set, into: nil)]
    }

    /// `meta protocol ip iif . ip saddr @SET`.
    public static func portAndSource(inSet set: String) -> Self {
        isFrame(.ipv4) + [
            .loadMeta(.incoming, .first), .loadPayload(.network, offset: 12, length: 4, .secondWord),
            .lookup(.first, set: set, into: nil),
        ]
    }

    /// `meta protocol arp iif . arp saddr ip @SET`.
    public static func portAndARPSource(inSet set: String) -> Self {
        isFrame(.arp) + [
            .loadMeta(.incoming, .first), .loadPayload(.network, offset: 14, length: 4, .secondWord),
            .lookup(.first, set: set, into: nil),
        ]
    }

    /// `meta protocol ip ip saddr FIRST-LAST`.
    public static func frameSource(in range: IPv4Range) -> Self {
        isFrame(.ipv4) + [
            .loadPayload(.network, offset: 12, length: 4, .first), .compare(.first, .atLeast, range.first.bytes),
            .compare(.first, .atMost, range.last.bytes),
        ]
    }

    /// `meta protocol ip ip daddr ADDRESS`.
    public static func frameDestination(_ one: IPv4Address) -> Self {
        isFrame(.ipv4) + [
            .loadPayload(.network, offset: 16, length: 4, .first), .compare(.first, .equal, one.bytes),
        ]
    }

    /// `meta protocol ip ip daddr != PREFIX`.
    public static func frameDestination(outside prefix: IPv4Prefix) -> Self {
        isFrame(.ipv4) + [
            .loadPayload(.network, offset: 16, length: 4, .first), .mask(.first, prefix.maskBytes),
            .compare(.first, .notEqual, prefix.address.bytes),
        ]
    }
}

/// ETH_P_*: what a frame carries.
public enum EtherType: UInt16, Hashable, Sendable {
    case ipv4 = 0x0800
    case arp = 0x0806
    case ipv6 = 0x86dd
}
