/// What a service's own namespace is to hold: the way out through the gateway, and no ear for better advice.
public struct SteeringPlan: Sendable {
    /// The service's address, by which its link is found.
    public let address: IPv4Address
    /// The gateway's address on the cell's network.
    public let gateway: IPv4Address

    public init(address: IPv4Address, gateway: IPv4Address) {
        self.address = address
        self.gateway = gateway
    }

    /// The default route by a link. Its metric is that of Docker's own, so that it takes its place.
    public func route(by link: Link) -> Route {
        .unicast(.main, to: .all(.ipv4), link: link.index, gateway: IPAddress(gateway), metric: 0)
    }

    /// Redirects are believed when either the link or `all` says so.
    func settings(_ link: Link) -> [(setting: Sysctl, value: Int)] {
        var settings: [(setting: Sysctl, value: Int)] = [(.acceptRedirects(.all), 0), (.acceptRedirects(.default), 0)]
        if let name = InterfaceName(link.name) { settings.append((.acceptRedirects(.link(name)), 0)) }
        return settings
    }
}
