/// Who put a rule or route there: FRA_PROTOCOL and rtm_protocol, `proto N` in the output of `ip`.
public struct RouteOrigin: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Ours: a number that nobody in iproute2's list has. Nothing without it is ever changed or removed.
    public static let ours = RouteOrigin(rawValue: 112)
    /// RTPROT_KERNEL: came with an address or a namespace.
    public static let kernel = RouteOrigin(rawValue: 2)
    /// RTPROT_BOOT: what `ip route add` and Docker use.
    public static let boot = RouteOrigin(rawValue: 3)
    /// RTPROT_STATIC: an administrator's.
    public static let `static` = RouteOrigin(rawValue: 4)
}

extension RouteOrigin: CustomStringConvertible {
    public var description: String {
        switch self {
        case .kernel: "kernel"
        case .boot: "boot"
        case .static: "static"
        default: String(rawValue)
        }
    }
}
