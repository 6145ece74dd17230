/// A named set, or a map when it has a ``data`` type.
public struct NftSet: Hashable, Sendable {
    public let name: String
    /// One type, or several for a concatenation (`ipv4_addr . inet_service`).
    public let key: [NftType]
    /// The type of a map's values.
    public let data: NftType?
    /// Whether its elements are ranges.
    public let isInterval: Bool
    /// Whether packets put elements into it; see ``NftExpression/countInSet(_:set:)``.
    public let isDynamic: Bool
    /// How many elements packets may put into a set.
    static let dynamicSize: UInt32 = 65_535

    /// A set.
    public init(_ name: String, _ key: NftType..., isInterval: Bool = false, isDynamic: Bool = false) {
        self.name = name
        self.key = key
        data = nil
        self.isInterval = isInterval
        self.isDynamic = isDynamic
    }

    /// A map.
    public init(_ name: String, _ key: NftType, to data: NftType) {
        self.name = name
        self.key = [key]
        self.data = data
        isInterval = false
        isDynamic = false
    }

    /// NFT_SET_INTERVAL, NFT_SET_MAP and NFT_SET_EVAL.
    var flags: UInt32 { (isInterval ? 0x4 : 0) | (data == nil ? 0 : 0x8) | (isDynamic ? 0x20 : 0) }

    /// Types of a concatenation stand six bits apart.
    var keyNumber: UInt32 { key.reduce(0) { $0 << 6 | $1.number } }

    /// Each part is padded to four bytes.
    var keyWidth: Int { key.count == 1 ? key[0].width : key.reduce(0) { $0 + ($1.width + 3) & ~3 } }

    /// NFTNL_UDATA_SET_KEYBYTEORDER (0) and DATABYTEORDER (1): type, length, number; 1 is host order, 2 network order.
    var userData: [UInt8] {
        func order(_ type: UInt8, _ value: NftType) -> [UInt8] {
            var bytes: [UInt8] = [type, 4]
            bytes.appendNumber(UInt32(value.isHostOrder ? 1 : 2))
            return bytes
        }
        // A concatenation has no order of its own; nft takes each part's from its type.
        return (key.count == 1 ? order(0, key[0]) : [0, 4, 0, 0, 0, 0]) + (data.map { order(1, $0) } ?? [])
    }
}
