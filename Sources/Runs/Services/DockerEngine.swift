internal import Containers
internal import Registry
internal import SystemPackage

/// Services as Compose projects of a Docker engine.
struct DockerEngine: ServiceEngine {
    private let docker: DockerRuntime
    private let compose: Compose
    private let network: String

    /// - Throws: ``ContainerError`` when there is no Compose, or the engine does not answer.
    init(_ cell: Cell, run: RunID) async throws {
        docker = DockerRuntime(docker: cell.config.docker, run: run.text)
        compose = try await Compose(docker)
        network = cell.config.egress.network
    }

    func conditions(
        of containers: [Registry.ContainerName]
    ) async throws -> [Registry.ContainerName: ContainerCondition] {
        let names = containers.compactMap { Containers.ContainerName($0.rawValue) }
        var found: [Registry.ContainerName: ContainerCondition] = [:]
        for (name, condition) in try await docker.conditions(of: names) {
            if let name = Registry.ContainerName(name.text) { found[name] = condition }
        }
        return found
    }

    func volumes(of service: ServiceID) async throws -> [String] {
        try await docker.volumes(ofProject: ComposeProject.name(of: service.rawValue))
    }

    func addressesInUse(except service: ServiceID) async throws -> [String: String] {
        guard let owners = try await docker.addresses(inNetwork: network) else {
            throw RunError(
                .configuration,
                "there is no Docker network \(network), which services are connected to; make it with docker network "
                    + "create, or set network.name in config/picjobs.yml")
        }
        let own = Set(
            try await docker.containers(ofProject: ComposeProject.name(of: service.rawValue)).map(\.text))
        return owners.filter { !own.contains($0.value) }
    }

    func fetch(_ images: [String], refreshing: Bool) async throws -> [String] {
        var notes: [String] = []
        for name in images {
            let isHere = try await docker.image(name) != nil
            if isHere, !refreshing { continue }
            do {
                try await docker.pull(name)
            } catch let error as ContainerError {
                guard isHere else {
                    throw RunError(.failed, "the image \(name) can't be fetched: \(error)", underlying: error)
                }
                notes.append("\(name) is the one that is here already: \(error)")
            }
        }
        return notes
    }

    func restore(_ images: [String: String]) async throws {
        for (name, digest) in images.sorted(by: { $0.key < $1.key }) where !name.contains("@") {
            guard try await docker.image(name) != digest else { continue }
            try await docker.tag(digest, as: name)
        }
    }

    func up(_ service: ServiceID, file: FilePath, idle: FilePath?) async throws {
        var project = ComposeProject(service: service.rawValue, file: file)
        if let idle { project.overrides = [idle] }
        try await compose.up(project)
    }

    func down(_ service: ServiceID, withData: Bool) async throws {
        try await docker.removeContainers(
            ofProject: ComposeProject.name(of: service.rawValue), withData: withData)
    }

    func removeVolumes(_ names: [String]) async throws { try await docker.removeVolumes(names) }
}
