/// One route of one table (`ip route`).
public struct Route: Hashable, Sendable {
    /// RTN_*: what happens to a packet.
    public enum Kind: Hashable, Sendable {
        /// It leaves by a link.
        case unicast
        /// The sender hears "unreachable" at once, and no later rule is asked.
        case unreachable
        /// Something we never write (local, broadcast …); the kernel's number.
        case other(UInt8)

        var number: UInt8 {
            switch self {
            case .unicast: 1
            case .unreachable: 7
            case .other(let number): number
            }
        }
    }

    public let table: RoutingTable
    public let destination: IPPrefix
    public let kind: Kind
    /// The number of the link; `nil` when packets go nowhere.
    public let link: Int32?
    public let gateway: IPAddress?
    /// Lower is preferred (RTA_PRIORITY). IPv6 turns 0 into 1024.
    public let metric: UInt32
    public let origin: RouteOrigin
    /// What the kernel holds beyond this (RTA_* numbers), such as several next hops; empty for a route of ours.
    public let unknown: [UInt16]

    public var family: AddressFamily { destination.address.family }

    private init(
        _ table: RoutingTable, _ destination: IPPrefix, _ kind: Kind, link: Int32?, gateway: IPAddress?,
        metric: UInt32, origin: RouteOrigin, unknown: [UInt16]
    ) {
        self.table = table
        self.destination = destination
        self.kind = kind
        self.link = link
        self.gateway = gateway
        self.metric = metric
        self.origin = origin
        self.unknown = unknown
    }

    /// A route out by the link with this number, through a gateway or straight.
    public static func unicast(
        _ table: RoutingTable, to destination: IPPrefix, link: Int32, gateway: IPAddress? = nil, metric: UInt32,
        origin: RouteOrigin = .ours
    ) -> Route {
        Route(
            table, destination, .unicast, link: link, gateway: gateway, metric: metric, origin: origin, unknown: [])
    }

    /// A route that ends here, with an answer to the sender.
    public static func unreachable(
        _ table: RoutingTable, to destination: IPPrefix, metric: UInt32, origin: RouteOrigin = .ours
    ) -> Route {
        Route(table, destination, .unreachable, link: nil, gateway: nil, metric: metric, origin: origin, unknown: [])
    }

    /// Reads an RTM_NEWROUTE message (struct rtmsg, RTA_*); `nil` for another family, and for a cached route.
    init?(_ reply: NetlinkReply) throws(NetfilterError) {
        let (header, attributes) = try reply.split(12)
        guard let family = AddressFamily(rawValue: header[0]),
            // RTM_F_CLONED
            header.loadUnaligned(fromByteOffset: 8, as: UInt32.self) & 0x200 == 0
        else { return nil }
        var table = UInt32(header[4])
        var destination: IPAddress?
        var link: Int32?
        var gateway: IPAddress?
        var metric: UInt32 = 0
        var unknown: [UInt16] = []
        try attributes.forEach { (type, value) throws(NetfilterError) in
            switch type {
            case 1: destination = try value.address()
            case 4: link = try value.number(Int32.self)
            case 5: gateway = try value.address()
            case 6: metric = try value.number(UInt32.self)
            case 15: table = try value.number(UInt32.self)
            case 7, 12, 20: break  // preferred source, cache figures and router preference do not change the way
            default: unknown.append(type)
            }
        }
        guard let prefix = IPPrefix(destination ?? .unspecified(family), length: header[1]) else {
            throw NetfilterError(.malformed, "the kernel tells of a route longer than its address")
        }
        let kind: Kind =
            switch header[7] {
            case 1: .unicast
            case 7: .unreachable
            case let number: .other(number)
            }
        self.init(
            // IPv6 says "dev lo" for a route that goes nowhere.
            RoutingTable(rawValue: table), prefix, kind, link: kind == .unreachable ? nil : link, gateway: gateway,
            metric: metric, origin: RouteOrigin(rawValue: header[5]), unknown: unknown)
    }
}

extension Route: CustomStringConvertible {
    /// As `ip route` writes it; the link by its number.
    public var description: String { text([:]) }

    /// As `ip route` writes it.
    /// - Parameter links: The names of links by their numbers; one that is not here is told by its number.
    func text(_ links: [Int32: String]) -> String {
        var words: [String] = []
        switch kind {
        case .unicast: break
        case .unreachable: words.append("unreachable")
        case .other(let number): words.append("type \(number)")
        }
        words.append("\(destination)")
        if let gateway { words += ["via", "\(gateway)"] }
        if let link { words += links[link].map { ["dev", $0] } ?? ["link", "\(link)"] }
        words += ["table", "\(table)", "metric", "\(metric)"]
        if family == .ipv6 { words.insert("IPv6", at: 0) }
        if !unknown.isEmpty { words.append("and more") }
        return words.joined(separator: " ")
    }
}

extension Route {
    /// RTM_NEWROUTE (24) or RTM_DELROUTE (25) for this route.
    func message(_ type: UInt16, _ flags: NetlinkMessage.Flags, _ verb: String) -> NetlinkMessage {
        // RT_SCOPE_LINK for a way without a gateway, RT_SCOPE_UNIVERSE for all else; removal asks for any (NOWHERE).
        let scope: UInt8 = type == 25 ? 255 : kind == .unicast && gateway == nil && family == .ipv4 ? 253 : 0
        let small = UInt8(exactly: table.rawValue) ?? 0
        var message = NetlinkMessage(
            type: type, flags: flags, subject: "\(verb) the route \(self)", names: .route,
            header: [
                family.rawValue, destination.length, 0, 0, small, origin.rawValue, scope, kind.number, 0, 0, 0, 0,
            ])
        if !destination.isAll { message.put(1, bytes: destination.address.bytes) }
        if let link { message.put(4, link) }
        if let gateway { message.put(5, bytes: gateway.bytes) }
        message.put(6, metric)
        message.put(15, table.rawValue)
        return message
    }
}
