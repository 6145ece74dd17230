/// The way out that an admin chose for a service; the raw value is the word in manifests and `cell_config.json`.
public enum Exit: String, Hashable, Sendable, CaseIterable {
    /// The cell's own line. It has a mark too: a packet without a mark is dropped.
    case `default`
    /// A WireGuard tunnel.
    case wireguard = "wireguard_ext"
    /// An OpenVPN tunnel.
    case openvpn
    /// Tor's transparent proxy inside the gateway; only TCP and DNS survive.
    case tor

    /// The mark its packets carry.
    public var mark: Mark {
        switch self {
        case .default: Mark(rawValue: 0x1)
        case .wireguard: Mark(rawValue: 0x10)
        case .openvpn: Mark(rawValue: 0x20)
        case .tor: Mark(rawValue: 0x30)
        }
    }

    /// Where its packets are routed.
    public var table: RoutingTable {
        switch self {
        case .default: .main
        case .wireguard: .wireguard
        case .openvpn: .openvpn
        case .tor: .tor
        }
    }

    /// The exit of a mark; `nil` when no exit has it.
    public init?(mark: Mark) {
        guard let exit = Exit.allCases.first(where: { $0.mark == mark }) else { return nil }
        self = exit
    }
}

extension Exit: CustomStringConvertible {
    public var description: String { rawValue }
}
