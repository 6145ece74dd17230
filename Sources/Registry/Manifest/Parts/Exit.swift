/// An outbound interface that a service's traffic can take (guide, section 6).
public enum Exit: String, Sendable, Codable, CaseIterable {
    /// The cell's own default route.
    case `default`
    /// `wg_ext0`.
    case wireguardExternal = "wireguard_ext"
    /// `tun0`.
    case openvpn
    /// The transparent Tor proxy.
    case tor
}
