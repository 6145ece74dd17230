extension DockerRuntime {
    /// Stops and removes every container of a Compose project. No file is needed: Compose's label names them.
    ///
    /// - Parameter withData: Remove their anonymous volumes, too.
    /// - Returns: the containers that were removed.
    /// - Throws: ``ContainerError``.
    @discardableResult
    public func removeContainers(ofProject project: String, withData: Bool) async throws -> [ContainerName] {
        let names = try await containers(ofProject: project)
        guard !names.isEmpty else { return [] }
        // -t and not --time: newer CLIs answer the long form with a warning.
        let stopped = try await ask(
            ["stop", "-t", "10", "--"] + names.map(\.text), about: .engine,
            patience: patience + .seconds(15) * names.count)
        let removed = try await ask(
            ["rm", "-f"] + (withData ? ["-v"] : []) + ["--"] + names.map(\.text), about: .engine, patience: patience * 2
        )
        guard removed.status.isSuccess else {
            throw refused("remove the containers of \(project)", stopped.status.isSuccess ? removed : stopped)
        }
        return names
    }

    /// Removes volumes with all that is in them.
    /// - Throws: ``ContainerError``; one that is gone already is no error.
    public func removeVolumes(_ names: [String]) async throws {
        guard !names.isEmpty else { return }
        let result = try await ask(["volume", "rm", "-f", "--"] + names, about: .engine, patience: patience)
        guard result.status.isSuccess else { throw refused("remove the volumes", result) }
    }
}
