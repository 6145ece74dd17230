/// Where the namespaces of a plan are: paths such as `/run/netns/NAME` or `/proc/PID/ns/net`.
public struct EgressPlaces: Sendable {
    /// A container of a service.
    public struct Container: Hashable, Sendable {
        public let name: String
        /// The service's id.
        public let service: String
        /// Its address on the cell's network; `nil` when nobody knows.
        public let address: IPv4Address?
        /// Its namespace; `nil` when it does not run.
        public let namespace: String?

        public init(name: String, service: String, address: IPv4Address?, namespace: String?) {
            self.name = name
            self.service = service
            self.address = address
            self.namespace = namespace
        }
    }

    /// The gateway's namespace; `nil` when it does not run: then all services are closed.
    public var gateway: String?
    /// The host's; `nil` for the one this process is in.
    public var host: String?
    /// The bridge of the cell's network on the host; `nil` when there is none, and so no guard.
    public var bridge: InterfaceName?
    public var containers: [Container]

    public init(gateway: String?, host: String?, bridge: InterfaceName?, containers: [Container]) {
        self.gateway = gateway
        self.host = host
        self.bridge = bridge
        self.containers = containers
    }

    func openHost() throws(NetfilterError) -> NetworkNamespace {
        guard let host else { return try .current() }
        return try NetworkNamespace(path: host)
    }
}
