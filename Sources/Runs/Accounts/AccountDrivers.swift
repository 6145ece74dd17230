internal import Containers
internal import Registry

/// Finds who makes accounts for a service: by `accounts.manager` of its manifest.
struct AccountDrivers: Sendable {
    let cell: Cell

    init(_ cell: Cell) { self.cell = cell }

    /// - Throws: ``RunError``: `.refused` for a manager that there is none of, `.configuration` for e-mail without a
    ///   domain; nothing was asked of the service then.
    func driver(for manifest: Manifest) async throws -> any AccountDriver {
        let manager = manifest.accounts?.manager ?? ""
        if manager == "http" { return HTTPDriver(service: manifest.id, base: try await base(of: manifest)) }
        guard let commands = cell.config.accountCommands[manager] ?? AccountCommands.usual[manager] else {
            let known = (["http"] + AccountCommands.usual.keys.sorted()).joined(separator: ", ")
            throw RunError(.refused, "\(manifest.id): there is no account manager \(manager); there are \(known)")
        }
        // The admin may name any container; what is built in stays within the service.
        if cell.config.accountCommands[manager] == nil, let name = commands.container,
            !manifest.allContainers.contains(where: { $0.rawValue == name })
        {
            throw RunError(
                .refused,
                "\(manifest.id): \(manager) works in the container \(name), which is none of this service's; name its own "
                    + "as accounts.\(manager).container in config/picjobs.yml, or use another manager")
        }
        guard let container = Containers.ContainerName(commands.container ?? manifest.containerName.rawValue) else {
            throw RunError(.configuration, "accounts.\(manager).container is no container name")
        }
        return CommandDriver(
            service: manifest.id, runtime: cell.runtime(run: RunID()), container: container, commands: commands,
            domain: commands.needsDomain ? try domain(of: manifest) : "")
    }

    private func domain(of manifest: Manifest) throws -> String {
        let merged = try MergedConfig(manifest, saved: try CellConfig(of: cell.layout).service(manifest.id).config)
        guard let domain = merged["domain"].flatMap({ Domain($0.text) }) else {
            throw RunError(
                .configuration,
                "\(manifest.id): its configuration has no domain, so no account can be made; set it with picjobs service "
                    + "config \(manifest.id) domain=VALUE")
        }
        return domain.rawValue
    }

    /// The service API at the container's own address: its lease, else what Docker reports.
    func base(of manifest: Manifest) async throws -> String {
        let backend = manifest.backend.flatMap { Backend($0) }
        guard let port = manifest.accounts?.port ?? backend.map({ Int($0.port) }) else {
            throw RunError(
                .refused,
                "\(manifest.id): nothing tells the port of its service API; its manifest needs accounts.port or a backend"
            )
        }
        let host = backend?.host ?? manifest.containerName
        let leases = try AddressLeases(of: cell.layout)
        var address = leases.address(of: host, in: manifest.id)
        if address == nil, cell.config.runtime == .docker, let name = Containers.ContainerName(host.rawValue) {
            let networks = try await DockerRuntime(docker: cell.config.docker, run: "accounts").networks(of: [name])
            address = networks[name]?.addresses[cell.config.egress.network]
        }
        guard let address else {
            throw RunError(
                .failed,
                "\(manifest.id): nobody knows the address of \(host); start it with picjobs service restart "
                    + "\(manifest.id)")
        }
        return "http://\(address):\(port)/service-api/accounts"
    }
}
