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

extension NetworkNamespace {
    /// Whether a program in the namespace accepts connections on a port that reach it from other machines.
    /// - Throws: ``NetfilterError``.
    func hasListener(tcpPort port: UInt16) throws(NetfilterError) -> Bool {
        let suffix =
            ":" + String(repeating: "0", count: 4 - String(port, radix: 16).count)
            + String(port, radix: 16).uppercased()
        for file in ["tcp", "tcp6"] {
            // sl local_address rem_address st …; 0A is TCP_LISTEN.
            for line in try lines(of: "/proc/thread-self/net/\(file)") {
                let words = line.split(separator: " ")
                guard words.count > 3, words[3] == "0A", words[1].hasSuffix(suffix) else { continue }
                // 127.0.0.1 hears nothing of what is redirected.
                if !words[1].hasPrefix("0100007F:") { return true }
            }
        }
        return false
    }
}
