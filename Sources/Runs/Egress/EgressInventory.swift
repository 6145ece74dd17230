internal import Containers
internal import Netfilter
internal import Registry

/// What is to be guarded right now: the installed services with their exits and addresses, and where their namespaces
/// are.
struct EgressInventory {
    let plan: EgressPlan
    let places: EgressPlaces
    /// What keeps a service closed, or is worth knowing, a sentence each; with the service's id.
    let faults: [(service: String, message: String)]
    /// Sentences that change nothing.
    let findings: [String]

    /// Takes stock of a cell. Docker is asked only for what neither the configuration nor a lease says.
    /// - Throws: ``RunError`` `.configuration`; ``ContainerError`` when Docker does not answer.
    init(_ cell: Cell) async throws {
        let config = cell.config.egress
        let registry = try ServiceRegistry(loading: cell.layout)
        let leases = try AddressLeases(of: cell.layout)
        // The admin's choices are read anew each time: a watcher lives for months.
        let settings = try CellConfig(of: cell.layout)
        var faults = registry.faults.map { fault in
            (
                fault.service,
                "the manifest of \(fault.service) can't be used, so its packets are dropped: \(fault.reason)"
            )
        }
        let wanted = registry.services.flatMap { service in service.allContainers.map { (service, $0) } }
        let docker = try await DockerFacts(cell, wanted.map(\.1))

        var containers: [EgressPlaces.Container] = []
        var addresses: [ServiceID: [(Registry.ContainerName, IPv4Address)]] = [:]
        for (service, name) in wanted {
            let text = leases.address(of: name, in: service.id) ?? docker.address(of: name)
            let address = text.flatMap { IPv4Address($0) }
            if let text, address == nil {
                faults.append((service.id.rawValue, "data/ip_leases.json: \(text) of \(name) is no IPv4 address"))
            }
            if let address { addresses[service.id, default: []].append((name, address)) }
            containers.append(
                .init(
                    name: name.rawValue, service: service.id.rawValue, address: address,
                    namespace: docker.namespace(of: name)))
        }
        var services: [EgressService] = []
        for service in registry.services {
            guard let exit = Self.exit(of: service, settings, &faults) else { continue }
            let own = addresses[service.id] ?? []
            let main = leases.mainContainer(of: service)
            services.append(
                EgressService(
                    id: service.id.rawValue, addresses: own.map(\.1), exit: exit,
                    inbound: Self.inbound(of: service, at: own.first { $0.0 == main }?.1)))
        }
        plan = try Self.plan(config, gateway: docker.gatewayAddress, services)
        places = EgressPlaces(
            gateway: docker.gatewayNamespace, host: config.hostNamespace, bridge: docker.bridge,
            containers: containers)
        self.faults = faults + plan.faults.map { ($0.service, $0.message) }
        findings =
            docker.findings(wanted.map(\.1), gateway: plan.gateway.address)
            + (docker.bridge == nil ? ["the host has no guard (host.bridge is not known): \(Self.unguarded)"] : [])
    }

    /// What closes the host before anything runs: nobody is asked, not even Docker, which does not run yet.
    /// - Throws: ``RunError`` `.configuration` when `host.bridge` is not set.
    init(closing cell: Cell) throws {
        let config = cell.config.egress
        guard let bridge = config.hostBridge else {
            throw RunError(
                .configuration,
                "config/picjobs.yml: the guard can't be laid before Docker runs, unless host.bridge names the bridge of "
                    + "the cell's network (docker network inspect \(config.network) tells its id: br- and the first "
                    + "twelve digits, or com.docker.network.bridge.name)")
        }
        plan = try Self.plan(config, gateway: nil, [])
        places = EgressPlaces(gateway: nil, host: config.hostNamespace, bridge: bridge, containers: [])
        faults = []
        findings = []
    }

    private static func plan(
        _ config: EgressConfig, gateway: IPv4Address?, _ services: [EgressService]
    ) throws -> EgressPlan {
        do throws(NetfilterError) {
            return try EgressPlan(
                gateway: EgressGateway(
                    pool: config.pool, subnet: config.subnet,
                    address: config.gatewayAddress ?? gateway ?? EgressConfig.usualGateway,
                    bridge: config.bridgeInterface, wan: config.wanInterface, peers: config.peersInterface,
                    tunnels: [.wireguard: .wireguard, .openvpn: .openvpn], resolvers: config.resolvers),
                services: services)
        } catch {
            throw RunError(.configuration, "config/picjobs.yml: \(error.message)", underlying: error)
        }
    }

    private static let unguarded = "a service can go around the gateway"

    /// The exit of a service; nil, and a fault, when the saved one is none of those it may use: it is closed then.
    static func exit(
        of service: Manifest, _ settings: CellConfig, _ faults: inout [(String, String)]
    ) -> Netfilter.Exit? {
        let saved = settings.service(service.id).egress
        let place = "config/cell_config.json"
        guard service.capabilities.hasEgress, let egress = service.egress else {
            if saved == nil || saved == Netfilter.Exit.default.rawValue { return .default }
            faults.append(
                (
                    service.id.rawValue,
                    "\(service.id) has no choice of exits (has_egress is false in its manifest), but \(place) names "
                        + "\(saved ?? ""), so its packets are dropped; remove services.\(service.id).egress there"
                ))
            return nil
        }
        let chosen = saved ?? egress.default.rawValue
        let allowed = Set((egress.allowed + [egress.default]).map(\.rawValue))
        guard let exit = Netfilter.Exit(rawValue: chosen), allowed.contains(chosen) else {
            faults.append(
                (
                    service.id.rawValue,
                    "\(service.id) must not use the exit \(chosen) that \(place) names, so its packets are dropped; "
                        + "picjobs egress set \(service.id) " + egress.allowed.map(\.rawValue).joined(separator: "|")
                ))
            return nil
        }
        return exit
    }

    /// What the manifest opens for peers (`iptables_rules`), at the address that `${SERVICE_IP}` stands for.
    private static func inbound(
        of service: Manifest, at address: IPv4Address?
    ) -> [IPv4Address: Set<EgressService.Port>] {
        guard let address else { return [:] }
        let ports = service.iptablesRules.compactMap { rule -> EgressService.Port? in
            guard rule.type == "ACCEPT", let number = UInt16(exactly: rule.destPort), number > 0 else { return nil }
            return .init(rule.proto == .udp ? .udp : .tcp, number)
        }
        return ports.isEmpty ? [:] : [address: Set(ports)]
    }
}
