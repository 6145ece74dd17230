/// An address of a link, as RTM_GETADDR tells it.
public struct LinkAddress: Hashable, Sendable {
    /// The number of the link.
    public let link: Int32
    /// The link's own address (IFA_LOCAL; on a point-to-point link this is not the peer's).
    public let address: IPAddress
    /// The length of the network around it, in bits.
    public let length: UInt8
    /// IFA_F_SECONDARY: not the first of its network. REDIRECT goes to the first.
    public let isSecondary: Bool

    /// Reads an RTM_NEWADDR message (struct ifaddrmsg, IFA_*).
    init(_ reply: NetlinkReply) throws(NetfilterError) {
        let (header, attributes) = try reply.split(8)
        length = header[1]
        isSecondary = header[0] == AddressFamily.ipv4.rawValue && header[2] & 0x1 != 0
        link = header.loadUnaligned(fromByteOffset: 4, as: Int32.self)
        var local: IPAddress?
        var other: IPAddress?
        try attributes.forEach { (type, value) throws(NetfilterError) in
            switch type {
            case 1: other = try value.address()
            case 2: local = try value.address()
            default: break
            }
        }
        guard let address = local ?? other else {
            throw NetfilterError(.malformed, "the kernel names no address for link \(link)")
        }
        self.address = address
    }
}

extension LinkAddress: CustomStringConvertible {
    public var description: String { "\(address)/\(length)" }
}
