/// A type of a set's keys or values: its number in `nft` (enum datatypes), its width and its order of bytes.
///
/// The kernel knows the width alone. The number and the order are for `nft list`, which would show a mark 0x10 as
/// 0x10000000 without them.
public struct NftType: Hashable, Sendable {
    let number: UInt32
    /// Bytes of a value.
    let width: Int
    /// Whether a value is a number in host order.
    let isHostOrder: Bool

    /// `ipv4_addr`.
    public static let ipv4Address = NftType(number: 7, width: 4, isHostOrder: false)
    /// `inet_proto`: 6 is TCP, 17 UDP.
    public static let internetProtocol = NftType(number: 12, width: 1, isHostOrder: false)
    /// `inet_service`: a port.
    public static let port = NftType(number: 13, width: 2, isHostOrder: false)
    /// `mark`.
    public static let mark = NftType(number: 19, width: 4, isHostOrder: true)
    /// `iface_index`: a link by its number, which a link that was made again does not have.
    public static let interfaceIndex = NftType(number: 20, width: 4, isHostOrder: true)
    /// `ifname`.
    public static let interfaceName = NftType(number: 41, width: 16, isHostOrder: true)
}

/// IPPROTO_*: what an inbound port is open for.
public enum TransportProtocol: UInt8, Hashable, Sendable, CaseIterable {
    case tcp = 6
    case udp = 17
}
