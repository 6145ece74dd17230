/// A rule of the routing policy database (`ip rule`).
public struct RoutingRule: Hashable, Sendable {
    /// What a matching packet is told (FR_ACT_*).
    public enum Action: Hashable, Sendable {
        /// Look into this table; the next rule follows when it has no route.
        case lookup(RoutingTable)
        /// ICMP "administratively prohibited", at once.
        case prohibit
        /// Something we never write; the kernel's number.
        case other(UInt8)
    }

    public let family: AddressFamily
    /// Its place: lower numbers are asked first.
    public var priority: UInt32
    public var action: Action
    /// `from`; `nil` matches every source.
    public var source: IPPrefix?
    /// `iif`: the link the packet came in by; `nil` matches all, packets made here included.
    public var incoming: InterfaceName?
    /// `fwmark`, compared under ``mask``.
    public var mark: Mark?
    /// The bits of the mark that count.
    public var mask: Mark?
    /// `suppress_prefixlength`: a route of the table that is this long or shorter does not count. 0 ignores `default`.
    public var suppressedLength: UInt32?
    public var origin: RouteOrigin
    /// What the kernel holds beyond all this (FRA_* numbers, and 0 for an inverted rule). A rule of ours has nothing
    /// here, so one that somebody narrowed never passes for ours.
    public private(set) var unknown: [UInt16] = []

    public init(
        _ family: AddressFamily = .ipv4, priority: UInt32, _ action: Action, source: IPPrefix? = nil,
        incoming: InterfaceName? = nil, mark: Mark? = nil, mask: Mark? = nil, suppressedLength: UInt32? = nil,
        origin: RouteOrigin = .ours
    ) {
        self.family = family
        self.priority = priority
        self.action = action
        self.source = source
        self.incoming = incoming
        self.mark = mark
        self.mask = mark == nil ? nil : mask ?? Mark(rawValue: .max)
        self.suppressedLength = suppressedLength
        self.origin = origin
    }

    /// Reads an RTM_NEWRULE message (struct fib_rule_hdr, FRA_*); `nil` for a family other than IPv4 and IPv6.
    init?(_ reply: NetlinkReply) throws(NetfilterError) {
        let (header, attributes) = try reply.split(12)
        guard let family = AddressFamily(rawValue: header[0]) else { return nil }
        self.init(family, priority: 0, .other(header[7]), origin: RouteOrigin(rawValue: 0))
        var table = UInt32(header[4])
        // FIB_RULE_INVERT; a type of service and a destination are nothing of ours either.
        if header.loadUnaligned(fromByteOffset: 8, as: UInt32.self) & 0x2 != 0 { unknown.append(0) }
        if header[3] != 0 { unknown.append(0) }
        let sourceLength = header[2]
        try attributes.forEach { (type, value) throws(NetfilterError) in
            switch type {
            case 2: source = IPPrefix(try value.address(), length: sourceLength)
            case 3:
                incoming = InterfaceName(value.text)
                if incoming == nil { unknown.append(type) }
            case 6: priority = try value.number(UInt32.self)
            case 10: mark = Mark(rawValue: try value.number(UInt32.self))
            case 14:
                let length = try value.number(UInt32.self)
                suppressedLength = length == .max ? nil : length
            case 15: table = try value.number(UInt32.self)
            case 16: mask = Mark(rawValue: try value.number(UInt32.self))
            case 18: break  // FRA_PAD
            case 21: origin = RouteOrigin(rawValue: try value.number(UInt8.self))
            default: unknown.append(type)
            }
        }
        switch header[7] {
        case 1: action = .lookup(RoutingTable(rawValue: table))
        case 8: action = .prohibit
        default: break
        }
        // A mask without a mark matches the packets without one.
        if mask != nil, mark == nil { mark = Mark(rawValue: 0) }
    }
}

extension RoutingRule: CustomStringConvertible {
    /// As `ip rule` writes it, with the priority in front.
    public var description: String {
        var words = ["\(priority):", "from", source.map { "\($0)" } ?? "all"]
        if let mark, let mask { words += ["fwmark", mask.rawValue == .max ? "\(mark)" : "\(mark)/\(mask)"] }
        if let incoming { words += ["iif", incoming.text] }
        switch action {
        case .lookup(let table): words += ["lookup", "\(table)"]
        case .prohibit: words.append("prohibit")
        case .other(let number): words.append("action \(number)")
        }
        if let suppressedLength { words += ["suppress_prefixlength", "\(suppressedLength)"] }
        if !unknown.isEmpty { words.append("and more") }
        return words.joined(separator: " ")
    }
}

extension RoutingRule {
    /// RTM_NEWRULE (32) or RTM_DELRULE (33) for this rule.
    func message(_ type: UInt16, _ flags: NetlinkMessage.Flags, _ verb: String) -> NetlinkMessage {
        let kind: UInt8
        var table: RoutingTable?
        switch action {
        case .lookup(let other): (kind, table) = (1, other)
        case .prohibit: kind = 8
        case .other(let number): kind = number
        }
        // A number that fits stands in the header, as iproute2 does it; a larger one in an attribute.
        let small = table.flatMap { UInt8(exactly: $0.rawValue) } ?? 0
        var message = NetlinkMessage(
            type: type, flags: flags, subject: "\(verb) the rule \(self)", names: .rule,
            header: [family.rawValue, 0, source?.length ?? 0, 0, small, 0, 0, kind, 0, 0, 0, 0])
        message.put(6, priority)
        if let source, !source.isAll { message.put(2, bytes: source.address.bytes) }
        if let incoming { message.put(3, text: incoming.text) }
        if let mark, let mask {
            message.put(10, mark.rawValue)
            message.put(16, mask.rawValue)
        }
        if let suppressedLength { message.put(14, suppressedLength) }
        if let table, table.rawValue > 255 { message.put(15, table.rawValue) }
        message.put(21, origin.rawValue)
        return message
    }
}
