/// An installed service, as far as its packets go.
public struct EgressService: Hashable, Sendable {
    /// A port that peers may reach.
    public struct Port: Hashable, Sendable {
        public let transport: TransportProtocol
        public let number: UInt16

        public init(_ transport: TransportProtocol, _ number: UInt16) {
            self.transport = transport
            self.number = number
        }
    }

    /// The manifest's id.
    public let id: String
    /// The addresses of ALL its containers; one that is left out has no exit at all.
    public let addresses: [IPv4Address]
    public let exit: Exit
    /// What the manifest opens for peers (`iptables_rules`), by address.
    public let inbound: [IPv4Address: Set<Port>]

    public init(
        id: String, addresses: [IPv4Address], exit: Exit, inbound: [IPv4Address: Set<Port>] = [:]
    ) {
        self.id = id
        self.addresses = addresses
        self.exit = exit
        self.inbound = inbound
    }
}
