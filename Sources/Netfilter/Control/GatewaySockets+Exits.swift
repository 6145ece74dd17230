extension GatewaySockets {
    /// Why each exit can't be used right now; an exit that is not in the answer can.
    /// - Throws: ``NetfilterError``.
    mutating func closedExits(_ plan: EgressPlan, _ state: GatewayState) throws(NetfilterError) -> [Exit: String] {
        var closed: [Exit: String] = [:]
        for (exit, name) in plan.gateway.tunnels {
            if let reason = Self.reason(name, state.links) { closed[exit] = reason }
        }
        if let reason = Self.reason(plan.gateway.wan, state.links) {
            closed[.default] = reason
        } else if try !hasDefaultRoute() {
            closed[.default] = "the gateway has no default route"
        }
        // TCP goes to the TransPort, names to the DNSPort; without the first nothing of a service gets out.
        if try !namespace.hasListener(tcpPort: EgressPlan.torPort) {
            closed[.tor] = "nothing listens on port \(EgressPlan.torPort) in the gateway: Tor does not run"
        }
        return closed
    }

    private static func reason(_ name: InterfaceName, _ links: [Link]) -> String? {
        guard let link = links.first(where: { $0.name == name.text }) else {
            return "there is no link \(name) in the gateway"
        }
        if !link.isUp { return "the link \(name) is down" }
        return link.hasCarrier ? nil : "the link \(name) has no carrier"
    }
}
