/// NFPROTO_*: which packets a table sees.
public enum NftFamily: UInt8, Hashable, Sendable {
    /// IPv4 and IPv6.
    case inet = 1
    case ipv4 = 2
    case bridge = 7
    case ipv6 = 10

    /// The word of `nft`.
    public var word: String {
        switch self {
        case .inet: "inet"
        case .ipv4: "ip"
        case .bridge: "bridge"
        case .ipv6: "ip6"
        }
    }
}

/// A table of nftables: the name under which sets, chains and rules stand.
public struct NftTable: Hashable, Sendable {
    /// NFT_TABLE_F_*.
    public struct Flags: OptionSet, Hashable, Sendable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Its chains see no packets.
        public static let dormant = Flags(rawValue: 0x1)
        /// Only the socket that made it may change it; `nft flush ruleset` of others passes it by.
        public static let owner = Flags(rawValue: 0x2)
        /// It stays when its owner's socket closes, and who asks for it next becomes the owner (Linux 6.9).
        public static let persist = Flags(rawValue: 0x4)

        /// Of a table that outlives this program: it has an owner while one lives. A kernel before 6.9 has no such
        /// tables, and would take an owned one away with its owner; there anybody can change it, and a watcher repairs it.
        public static let kept = kept(KernelRelease.current)

        static func kept(_ kernel: KernelRelease) -> Flags { kernel < KernelRelease(6, 9) ? [] : [.owner, .persist] }
    }

    public let family: NftFamily
    public let name: String
    public var flags: Flags

    public init(_ family: NftFamily, _ name: String, flags: Flags = []) {
        self.family = family
        self.name = name
        self.flags = flags
    }
}

extension NftTable {
    /// Whether it is the same table, whatever its flags.
    public func isNamed(as other: NftTable) -> Bool { family == other.family && name == other.name }
}

extension NftTable: CustomStringConvertible {
    public var description: String { "\(family.word) \(name)" }
}
