/// A network link of one namespace, as RTM_GETLINK tells it.
public struct Link: Hashable, Sendable {
    /// Its number in this namespace; a link that was made again has another one.
    public let index: Int32
    /// Its name, as the kernel has it (which allows more than ``InterfaceName``).
    public let name: String
    /// The number of its other end, for one of a pair (IFLA_LINK). It counts in the other end's namespace.
    public let peer: Int32?
    /// The number of the bridge it is a port of (IFLA_MASTER).
    public let master: Int32?
    /// What made it: `wireguard`, `tun`, `veth`, `bridge`; `nil` for a plain one.
    public let kind: String?
    /// IFF_UP: an administrator wants it up.
    public let isUp: Bool
    /// IFF_LOWER_UP: there is a carrier.
    public let hasCarrier: Bool
    /// IFF_LOOPBACK.
    public let isLoopback: Bool

    /// Whether packets can leave by it.
    public var isUsable: Bool { isUp && hasCarrier }

    /// Reads an RTM_NEWLINK message (struct ifinfomsg, IFLA_*).
    init(_ reply: NetlinkReply) throws(NetfilterError) {
        let (header, attributes) = try reply.split(16)
        let flags = header.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
        index = header.loadUnaligned(fromByteOffset: 4, as: Int32.self)
        isUp = flags & 0x1 != 0
        isLoopback = flags & 0x8 != 0
        hasCarrier = flags & 0x10000 != 0
        var name: String?
        var kind: String?
        var peer: Int32?
        var master: Int32?
        try attributes.forEach { (type, value) throws(NetfilterError) in
            switch type {
            case 3: name = value.text
            case 5: peer = try value.number(Int32.self)
            case 10: master = try value.number(Int32.self)
            case 18:
                try NetlinkAttributes(value.bytes).forEach { (type, value) throws(NetfilterError) in
                    if type == 1 { kind = value.text }
                }
            default: break
            }
        }
        guard let name else { throw NetfilterError(.malformed, "the kernel names no name for link \(index)") }
        self.name = name
        self.kind = kind
        self.peer = peer
        self.master = master
    }
}

extension [Link] {
    /// Their names by their numbers.
    var names: [Int32: String] { Dictionary(map { ($0.index, $0.name) }) { first, _ in first } }
}
