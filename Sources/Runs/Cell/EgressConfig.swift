public import Netfilter
internal import Registry

/// The keys of `config/picjobs.yml` that say where packets go (docs/egress.md); every one is optional.
public struct EgressConfig: Sendable {
    /// `network.name:` the Docker network of the cell.
    public var network = "cell-network"
    /// `network.pool:` the addresses of services.
    public var pool = IPv4Range(IPv4Address(number: 0xac14_0014), through: IPv4Address(number: 0xac14_00fe))
    /// `network.subnet:` the whole network.
    public var subnet = IPv4Prefix(IPv4Address(number: 0xac14_0000), maskedTo: 16)
    /// `gateway.container:`.
    public var gatewayContainer = "cell-wireguard"
    /// `gateway.namespace:` instead of a container.
    public var gatewayNamespace: String?
    /// `gateway.address:`; what Docker reports, when it is not set.
    public var gatewayAddress: IPv4Address?
    /// `gateway.bridge_interface:` its side of the cell's network.
    public var bridgeInterface = InterfaceName.ethernet
    /// `gateway.wan_interface:` its line.
    public var wanInterface = InterfaceName.ethernet
    /// `gateway.peers_interface:` where peers come from.
    public var peersInterface = InterfaceName.peers
    /// `host.namespace:`; the runner's own, when it is not set.
    public var hostNamespace: String?
    /// `host.bridge:`; the bridge of the Docker network, when it is not set.
    public var hostBridge: InterfaceName?
    /// `service_namespaces:` container → path, for containers that Docker need not be asked about.
    public var serviceNamespaces: [String: String] = [:]
    /// `egress.resolvers:` who answers names, by exit.
    public var resolvers: [Netfilter.Exit: IPv4Address] = [:]

    /// The design's address of the gateway, for a gateway that is no container.
    static let usualGateway = IPv4Address(number: 0xac14_0009)

    /// The keys of the file that are read here.
    static let keys: Set<String> = ["network", "gateway", "host", "service_namespaces", "egress"]

    /// Takes one of ``keys``.
    /// - Returns: a sentence for everything that is wrong with the value.
    mutating func take(_ key: String, _ value: YAMLValue) -> [String] {
        guard let members = value.mapping else { return [value.fault("\(key) must be a mapping of keys to values")] }
        if key == "service_namespaces" { return takeNamespaces(value) }
        var faults: [String] = []
        for member in members {
            if key == "egress", member.key == "resolvers" {
                faults += takeResolvers(member.value)
            } else if let fault = take("\(key).\(member.key)", text: member.value.text) {
                faults.append(member.value.fault(fault))
            }
        }
        return faults
    }

    private mutating func take(_ key: String, text: String?) -> String? {
        guard let text, !text.isEmpty else { return "\(key) must be a text" }
        switch key {
        case "network.name": network = text
        case "network.pool":
            guard let range = IPv4Range(text) else { return "\(key) must be like 172.20.0.20-172.20.0.254" }
            pool = range
        case "network.subnet":
            guard let prefix = IPv4Prefix(text) else { return "\(key) must be like 172.20.0.0/16" }
            subnet = prefix
        case "gateway.container": gatewayContainer = text
        case "gateway.namespace": gatewayNamespace = text
        case "gateway.address":
            guard let address = IPv4Address(text) else { return "\(key) must be an IPv4 address" }
            gatewayAddress = address
        case "gateway.bridge_interface": return takeLink(key, text, \.bridgeInterface)
        case "gateway.wan_interface": return takeLink(key, text, \.wanInterface)
        case "gateway.peers_interface": return takeLink(key, text, \.peersInterface)
        case "host.namespace": hostNamespace = text
        case "host.bridge":
            guard let name = InterfaceName(text) else { return "\(key): \(text) is no name of a link" }
            hostBridge = name
        default: return "\(key) is no key of this file"
        }
        return nil
    }

    private mutating func takeLink(
        _ key: String, _ text: String, _ place: WritableKeyPath<EgressConfig, InterfaceName>
    ) -> String? {
        guard let name = InterfaceName(text) else { return "\(key): \(text) is no name of a link" }
        self[keyPath: place] = name
        return nil
    }

    private mutating func takeNamespaces(_ value: YAMLValue) -> [String] {
        guard let map = value.texts else { return [value.fault("service_namespaces must map containers to paths")] }
        serviceNamespaces = map
        return map.filter { !$0.value.hasPrefix("/") }.keys.sorted().map {
            value.fault("service_namespaces: the path of \($0) must be absolute, such as /run/netns/NAME")
        }
    }

    private mutating func takeResolvers(_ value: YAMLValue) -> [String] {
        guard let members = value.mapping else {
            return [value.fault("egress.resolvers must map exits to addresses")]
        }
        return members.compactMap { member in
            let (name, value) = (member.shownKey, member.value)
            guard let exit = Netfilter.Exit(rawValue: member.key), exit != .tor else {
                return value.fault(
                    "egress.resolvers: \(name) is none of default, wireguard_ext, openvpn (Tor has its own)")
            }
            guard let address = value.text.flatMap({ IPv4Address($0) }) else {
                return value.fault("egress.resolvers: that of \(name) must be an IPv4 address")
            }
            resolvers[exit] = address
            return nil
        }
    }
}
