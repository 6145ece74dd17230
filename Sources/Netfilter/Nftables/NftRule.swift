/// A rule: a chain and the instructions, made of words that mean the same as in `nft`.
///
///     NftRule("kill", .source(in: range), .verdict(.jump("from_service")))
public struct NftRule: Hashable, Sendable {
    public let chain: String
    public let expressions: [NftExpression]

    public init(_ chain: String, _ words: [NftExpression]...) {
        self.chain = chain
        expressions = words.flatMap { $0 }
    }
}

extension [NftExpression] {
    /// `meta nfproto ipv4`.
    public static let isIPv4: Self = [.loadMeta(.family, .first), .compare(.first, .equal, [2])]

    /// `meta nfproto ipv6`.
    public static let isIPv6: Self = [.loadMeta(.family, .first), .compare(.first, .equal, [10])]

    /// `ip saddr FIRST-LAST`.
    public static func source(in range: IPv4Range) -> Self { isIPv4 + address(12) + within(range) }

    /// `ip daddr FIRST-LAST`.
    public static func destination(in range: IPv4Range) -> Self { isIPv4 + address(16) + within(range) }

    /// `ip saddr @SET`.
    public static func source(inSet set: String) -> Self {
        isIPv4 + address(12) + [.lookup(.first, set: set, into: nil)]
    }

    /// `ip daddr ADDRESS`.
    public static func destination(_ one: IPv4Address) -> Self {
        isIPv4 + address(16) + [.compare(.first, .equal, one.bytes)]
    }

    /// `iifname NAME`.
    public static func comesIn(by link: InterfaceName) -> Self {
        [.loadMeta(.incomingName, .first), .compare(.first, .equal, link.padded)]
    }

    /// `iifname != NAME`.
    public static func comesIn(notBy link: InterfaceName) -> Self {
        [.loadMeta(.incomingName, .first), .compare(.first, .notEqual, link.padded)]
    }

    /// `oifname != NAME`.
    public static func goesOut(notBy link: InterfaceName) -> Self {
        [.loadMeta(.outgoingName, .first), .compare(.first, .notEqual, link.padded)]
    }

    /// `meta mark MARK`.
    public static func isMarked(_ mark: Mark) -> Self {
        [.loadMeta(.mark, .first), .compare(.first, .equal, NftValue(mark).bytes)]
    }

    /// `meta mark != 0`.
    public static let isMarkedAtAll: Self = [.loadMeta(.mark, .first), .compare(.first, .notEqual, [0, 0, 0, 0])]

    /// `meta mark . oifname @SET`.
    public static func markAndWayOut(inSet set: String) -> Self {
        [.loadMeta(.mark, .first), .loadMeta(.outgoingName, .secondWord), .lookup(.first, set: set, into: nil)]
    }

    /// `ip daddr . meta l4proto . th dport @SET`.
    public static func destinationAndPort(inSet set: String) -> Self {
        isIPv4 + [
            .loadPayload(.network, offset: 16, length: 4, .first), .loadMeta(.transport, .secondWord),
            .loadPayload(.transport, offset: 2, length: 2, .thirdWord), .lookup(.first, set: set, into: nil),
        ]
    }

    /// `ct direction original`.
    public static let isOriginal: Self = [.loadConnection(.direction, .first), .compare(.first, .equal, [0])]

    /// `ct direction reply`.
    public static let isReply: Self = [.loadConnection(.direction, .first), .compare(.first, .equal, [1])]

    /// `ct state established,related`.
    public static let isEstablishedOrRelated: Self = anyBit(.state, 0x6)

    /// `ct state new`.
    public static let isNew: Self = anyBit(.state, 0x8)

    /// `ct state invalid,new,untracked`: belongs to nothing that was begun from here.
    public static let isUnasked: Self = anyBit(.state, 0x49)

    /// `ct status dnat`.
    public static let isRedirected: Self = anyBit(.status, 0x20)

    /// `fib daddr type != local`: for somebody behind this machine.
    public static let isForOthers: Self = [
        .loadRoute(.kind, .first), .compare(.first, .notEqual, NftValue(Mark(rawValue: 2)).bytes),
    ]

    /// `fib daddr . mark oif missing`: no route leads on, or an unreachable one.
    public static let hasNoWayOut: Self = [.loadRoute(.hasWayOut, .first), .compare(.first, .equal, [0, 0, 0, 0])]

    /// `meta l4proto PROTOCOL`.
    public static func isTransport(_ transport: TransportProtocol) -> Self {
        [.loadMeta(.transport, .first), .compare(.first, .equal, [transport.rawValue])]
    }

    /// `th dport PORT`.
    public static func isForPort(_ port: UInt16) -> Self {
        [.loadPayload(.transport, offset: 2, length: 2, .first), .compare(.first, .equal, NftValue(port: port).bytes)]
    }

    /// `tcp flags & (fin|syn|rst|ack) != syn`: no first segment of a connection. ECN bits do not count.
    public static let isNoOpening: Self =
        isTransport(.tcp) + [
            .loadPayload(.transport, offset: 13, length: 1, .first), .mask(.first, [0x17]),
            .compare(.first, .notEqual, [0x02]),
        ]

    /// `tcp flags syn tcp option maxseg size set rt mtu`.
    public static let clampMSS: Self =
        isTransport(.tcp) + [
            .loadPayload(.transport, offset: 13, length: 1, .first), .mask(.first, [0x02]),
            .compare(.first, .notEqual, [0]), .loadRouteMSS(.first), .toNetworkOrder(.first), .storeMSS(.first),
        ]

    /// `meta mark set ip saddr map @MAP`; the rule ends when the map has no such element.
    public static func markBySource(map: String) -> Self {
        address(12) + [.lookup(.first, set: map, into: .first), .storeMeta(.mark, .first)]
    }

    /// `update @SET { ip saddr counter }`.
    public static func countSource(inSet set: String) -> Self {
        isIPv4 + address(12) + [.countInSet(.first, set: set)]
    }

    /// `meta mark set ct mark`.
    public static let restoreMark: Self = [.loadConnection(.mark, .first), .storeMeta(.mark, .first)]

    /// `ct mark set meta mark`.
    public static let saveMark: Self = [.loadMeta(.mark, .first), .storeConnection(.mark, .first)]

    /// `redirect to :PORT`.
    public static func redirect(to port: UInt16) -> Self {
        [.constant(.first, NftValue(port: port).bytes), .redirect(.first)]
    }

    /// `dnat ip to ADDRESS`.
    public static func sendTo(_ address: IPv4Address) -> Self {
        [.constant(.first, address.bytes), .destinationNAT(.first)]
    }

    /// `accept`, `drop`, `jump CHAIN`.
    public static func verdict(_ verdict: NftExpression.Verdict) -> Self { [.verdict(verdict)] }

    /// `reject with …`.
    public static func reject(_ rejection: NftExpression.Rejection) -> Self { [.reject(rejection)] }

    /// `counter`.
    public static let count: Self = [.counter]

    /// `counter name NAME`.
    public static func count(_ name: String) -> Self { [.namedCounter(name)] }

    /// `masquerade`.
    public static let masquerade: Self = [.masquerade]

    private static func address(_ offset: UInt32) -> Self {
        [.loadPayload(.network, offset: offset, length: 4, .first)]
    }

    private static func within(_ range: IPv4Range) -> Self {
        [.compare(.first, .atLeast, range.first.bytes), .compare(.first, .atMost, range.last.bytes)]
    }

    private static func anyBit(_ key: NftExpression.ConnectionKey, _ bits: UInt32) -> Self {
        let mask = NftValue(Mark(rawValue: bits)).bytes
        return [.loadConnection(key, .first), .mask(.first, mask), .compare(.first, .notEqual, [0, 0, 0, 0])]
    }
}
