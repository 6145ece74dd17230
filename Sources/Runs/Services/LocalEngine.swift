internal import Archive
internal import Containers
internal import Registry
internal import SystemPackage

/// Services without Docker: a container is the directory that `containers:` in `config/picjobs.yml` names, there is
/// nothing to start, and its data stays.
struct LocalEngine: ServiceEngine {
    let cell: Cell

    func conditions(
        of containers: [Registry.ContainerName]
    ) async throws -> [Registry.ContainerName: ContainerCondition] {
        var found: [Registry.ContainerName: ContainerCondition] = [:]
        for name in containers {
            guard let path = try directory(of: name), try cell.root.status(path) != nil else { continue }
            found[name] = ContainerCondition(
                isRunning: true, health: .healthy, image: "", imageName: "local")
        }
        return found
    }

    func volumes(of service: ServiceID) async throws -> [String] { [] }
    func addressesInUse(except service: ServiceID) async throws -> [String: String] { [:] }
    func fetch(_ images: [String], refreshing: Bool) async throws -> [String] { [] }
    func restore(_ images: [String: String]) async throws {}

    func up(_ service: ServiceID, file: FilePath, idle: FilePath?) async throws {
        let manifest = try ServiceRegistry(loading: cell.layout).named(service.rawValue)
        for name in manifest.allContainers {
            guard let path = try directory(of: name) else {
                throw RunError(
                    .configuration,
                    "runtime is local, and no directory stands for container \(name); name one in containers: in "
                        + "config/picjobs.yml")
            }
            _ = try cell.root.createDirectories(path, mode: 0o755)
        }
    }

    func down(_ service: ServiceID, withData: Bool) async throws {}
    func removeVolumes(_ names: [String]) async throws {}

    private func directory(of name: Registry.ContainerName) throws -> RelativePath? {
        try cell.config.containers[name.rawValue].map { try RelativePath($0) }
    }
}
