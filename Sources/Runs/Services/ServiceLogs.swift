internal import Containers
internal import Registry
public import SystemPackage

/// What the containers of a service write.
public enum ServiceLogs {
    /// Copies the last lines of every container, or of one, to `output`, which is given away.
    ///
    /// - Parameter follow: goes on until the task is cancelled.
    /// - Throws: ``RunError`` when the service or the container is none, or the cell has no Docker; ``ContainerError``.
    public static func copy(
        _ service: String, container: String?, lines: Int, follow: Bool, from cell: Cell, to output: FileDescriptor
    ) async throws {
        let manifest = try ServiceRegistry(loading: cell.layout).named(service)
        guard cell.config.runtime == .docker else {
            throw RunError(.configuration, "runtime is local: there are no containers that could have logs")
        }
        let names = manifest.allContainers.map(\.rawValue).filter { container == nil || $0 == container }
        guard !names.isEmpty else {
            throw RunError(
                .usage,
                "\(manifest.id) has no container \(container ?? ""); it has "
                    + manifest.allContainers.map(\.rawValue).joined(separator: ", "))
        }
        let docker = DockerRuntime(docker: cell.config.docker, run: RunID().text)
        let file = try cell.absoluteRoot.appending("data/services/\(manifest.id)/docker-compose.yml")
        try await Compose(docker).logs(
            ComposeProject(service: manifest.id.rawValue, file: file),
            of: names.compactMap { Containers.ContainerName($0) }, lines: lines, follow: follow, into: output)
    }
}
