/// A runtime in which commands for some containers run in others: in the stand-ins of those that are stopped.
public struct RedirectedRuntime: ContainerRuntime {
    private let base: any ContainerRuntime
    private let standIns: [ContainerName: ContainerName]

    /// - Parameter standIns: container → where its commands run.
    public init(_ base: any ContainerRuntime, _ standIns: [ContainerName: ContainerName]) {
        self.base = base
        self.standIns = standIns
    }

    /// The other runtime's.
    public var kind: String { base.kind }
    /// The other runtime's; it knows no stand-ins.
    public var lifecycle: (any ContainerLifecycle)? { base.lifecycle }

    private func place(_ name: ContainerName) -> ContainerName { standIns[name] ?? name }

    /// What the stand-in is.
    public func inspect(_ name: ContainerName) async throws -> ContainerInfo { try await base.inspect(place(name)) }
    /// The path in the stand-in.
    public func path(_ path: String, in name: ContainerName) throws -> String { try base.path(path, in: place(name)) }
    /// Runs it in the stand-in.
    public func exec(_ command: ContainerCommand, in name: ContainerName) async throws -> ExecResult {
        try await base.exec(command, in: place(name))
    }
    /// The container's own: its stand-in has the same.
    public func hostPlaces(of path: String, in name: ContainerName) async throws -> [HostPlace] {
        try await base.hostPlaces(of: path, in: name)
    }
    /// Restarts the container itself.
    public func restart(_ name: ContainerName) async throws { try await base.restart(name) }
    /// Ends those of the stand-in.
    public func endLeftovers(run: String, in name: ContainerName) async throws -> Int {
        try await base.endLeftovers(run: run, in: place(name))
    }
}
