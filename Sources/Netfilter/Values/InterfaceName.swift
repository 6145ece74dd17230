/// The name of a network link, by the kernel's rules (dev_valid_name): 1–15 bytes, no slash, colon or blank.
///
/// Beyond these, only printable ASCII is taken: a name goes into messages, and `nft` reads `*` as a wildcard.
public struct InterfaceName: Hashable, Sendable, Comparable {
    public let text: String

    /// `nil` when the kernel, or the stricter rule above, would refuse it.
    public init?(_ text: some StringProtocol) {
        let bytes = text.utf8
        guard (1...15).contains(bytes.count), text != ".", text != "..",
            bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !Self.refused.contains($0) })
        else { return nil }
        self.text = String(text)
    }

    private init(constant text: StaticString) { self.text = "\(text)" }

    /// `eth0`: a container's first link.
    public static let ethernet = InterfaceName(constant: "eth0")
    /// `wg0`: where the cell's peers are.
    public static let peers = InterfaceName(constant: "wg0")
    /// `wg_ext0`: the WireGuard tunnel of the guide.
    public static let wireguard = InterfaceName(constant: "wg_ext0")
    /// `tun0`: the OpenVPN tunnel of the guide.
    public static let openvpn = InterfaceName(constant: "tun0")

    private static let refused = Array("/:*\"\\".utf8)

    public static func < (one: InterfaceName, other: InterfaceName) -> Bool { one.text < other.text }
}

extension InterfaceName: CustomStringConvertible {
    public var description: String { text }
}

extension InterfaceName {
    /// IFNAMSIZ bytes, zeros behind the name: as the kernel compares it in nftables.
    var padded: [UInt8] {
        let bytes = Array(text.utf8)
        return bytes + [UInt8](repeating: 0, count: 16 - bytes.count)
    }
}
