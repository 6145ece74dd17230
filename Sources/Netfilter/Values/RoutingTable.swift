/// The number of a routing table (`ip route show table N`).
public struct RoutingTable: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// RT_TABLE_MAIN.
    public static let main = RoutingTable(rawValue: 254)
    /// RT_TABLE_LOCAL.
    public static let local = RoutingTable(rawValue: 255)
    /// Ours: the default route through the WireGuard tunnel, and unreachable.
    public static let wireguard = RoutingTable(rawValue: 110)
    /// Ours: the default route through the OpenVPN tunnel, and unreachable.
    public static let openvpn = RoutingTable(rawValue: 120)
    /// Ours: unreachable only; what Tor takes was redirected before.
    public static let tor = RoutingTable(rawValue: 130)
}

extension RoutingTable: CustomStringConvertible {
    public var description: String {
        switch self {
        case .main: "main"
        case .local: "local"
        default: String(rawValue)
        }
    }
}
