internal import Containers
internal import Netfilter
internal import Registry

/// Where containers are: from the configuration as far as that says it, from Docker for the rest.
struct DockerFacts {
    private let config: EgressConfig
    private var known: [String: ContainerNetwork] = [:]
    private(set) var bridge: InterfaceName?

    /// Asks Docker once for all containers that the configuration has no namespace for, and not at all when there are
    /// none, or the cell has no Docker.
    init(_ cell: Cell, _ containers: [Registry.ContainerName]) async throws {
        config = cell.config.egress
        bridge = config.hostBridge
        guard cell.config.runtime == .docker else { return }
        var names = containers.map(\.rawValue).filter { config.serviceNamespaces[$0] == nil }
        if config.gatewayNamespace == nil { names.append(config.gatewayContainer) }
        let runtime = DockerRuntime(docker: cell.config.docker, run: "egress")
        for (name, network) in try await runtime.networks(of: names.compactMap { Containers.ContainerName($0) }) {
            known[name.text] = network
        }
        if bridge == nil, let network = Containers.ContainerName(config.network) {
            bridge = try await runtime.bridge(of: network).flatMap { InterfaceName($0) }
        }
    }

    /// The container's address in the cell's network.
    func address(of name: Registry.ContainerName) -> String? { known[name.rawValue]?.addresses[config.network] }

    func namespace(of name: Registry.ContainerName) -> String? {
        config.serviceNamespaces[name.rawValue] ?? path(name.rawValue)
    }

    var gatewayNamespace: String? { config.gatewayNamespace ?? path(config.gatewayContainer) }

    var gatewayAddress: IPv4Address? {
        known[config.gatewayContainer]?.addresses[config.network].flatMap { IPv4Address($0) }
    }

    /// Services that do not ask the gateway for names, and containers in further networks.
    func findings(_ containers: [Registry.ContainerName], gateway: IPv4Address) -> [String] {
        containers.flatMap { name -> [String] in
            guard let network = known[name.rawValue], network.processID != nil else { return [] }
            var found: [String] = []
            if network.resolvers != [gateway.description] {
                let asked =
                    network.resolvers.isEmpty ? "Docker's own resolver" : network.resolvers.joined(separator: ", ")
                found.append(
                    "\(name) asks \(asked) for names, not the gateway; give it dns: \(gateway) in its compose file")
            }
            let others = network.addresses.keys.filter { $0 != config.network }.sorted()
            if !others.isEmpty {
                found.append("\(name) is also in the network \(others.joined(separator: ", ")): it can leave by that")
            }
            return found
        }
    }

    private func path(_ container: String) -> String? {
        known[container]?.processID.map { "/proc/\($0)/ns/net" }
    }
}
