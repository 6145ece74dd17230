internal import CNetfilter

/// The rights of this process that programming the network takes (capabilities(7)).
public enum Capability: UInt64, Sendable, CaseIterable {
    /// Netlink: nftables, routes, rules, flows.
    case netAdmin = 12
    /// Entering another network namespace.
    case sysAdmin = 21

    var name: String {
        switch self {
        case .netAdmin: "CAP_NET_ADMIN"
        case .sysAdmin: "CAP_SYS_ADMIN"
        }
    }

    /// Fails when this process lacks one of them, before anything is tried.
    /// - Throws: ``NetfilterError`` `.notPermitted`.
    public static func requireAll() throws(NetfilterError) {
        let missing = missing(in: cnetfilter_capabilities())
        guard !missing.isEmpty else { return }
        throw NetfilterError(
            .notPermitted,
            "the network can't be programmed without the right \(missing.map(\.name).joined(separator: " and ")): run "
                + "it as root, or give it to the unit (AmbientCapabilities=)")
    }

    /// - Parameter effective: Bit N for the capability N.
    static func missing(in effective: UInt64) -> [Capability] {
        allCases.filter { effective & (1 << $0.rawValue) == 0 }
    }
}
