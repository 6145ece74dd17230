/// A kernel setting of one network namespace: a file below `/proc/sys/net`.
public struct Sysctl: Hashable, Sendable {
    /// Which links a setting of `net.ipv4.conf` is for.
    public enum Scope: Hashable, Sendable {
        case all
        /// What links made later are born with.
        case `default`
        case link(InterfaceName)

        var directory: String {
            switch self {
            case .all: "all"
            case .default: "default"
            case .link(let name): name.text
            }
        }
    }

    /// The file. A path and not `net.ipv4.…`, because the name of a link may hold a dot.
    public let path: String

    /// `net.ipv4.ip_forward`: whether packets are routed at all. Writing it resets other settings: write it LAST.
    public static let forwarding = Sysctl(path: "/proc/sys/net/ipv4/ip_forward")

    /// The types of ICMP messages, a bit each, that are sent within the kernel's budget only.
    public static let limitedErrors = Sysctl(path: "/proc/sys/net/ipv4/icmp_ratemask")

    /// Whether the reverse path check looks at the mark, too.
    public static func sourceValidMark(_ scope: Scope) -> Sysctl { conf(scope, "src_valid_mark") }

    /// Whether the link tells senders of a better way: a service must not learn a way around the gateway.
    public static func sendRedirects(_ scope: Scope) -> Sysctl { conf(scope, "send_redirects") }

    /// Whether such advice is followed.
    public static func acceptRedirects(_ scope: Scope) -> Sysctl { conf(scope, "accept_redirects") }

    private static func conf(_ scope: Scope, _ name: String) -> Sysctl {
        Sysctl(path: "/proc/sys/net/ipv4/conf/\(scope.directory)/\(name)")
    }
}

extension Sysctl: CustomStringConvertible {
    public var description: String {
        String(path.dropFirst("/proc/sys/".count))
    }
}
