/// A way to run commands in containers: the narrow waist between the runs and Docker.
public protocol ContainerRuntime: Sendable {
    /// `docker` or `local`.
    var kind: String { get }

    /// Asks what a container is and whether it runs.
    ///
    /// A stopped or paused container is an answer, not an error; see ``requireRunning(_:)``.
    /// - Throws: ``ContainerError``.
    func inspect(_ name: ContainerName) async throws -> ContainerInfo

    /// Translates an absolute path inside the container to what its commands must be given.
    ///
    /// Docker: the path itself. Local: the path below the container's directory.
    /// - Throws: ``ContainerError`` with `badPath` for a path with `..`, through a link, or not absolute.
    func path(_ path: String, in name: ContainerName) throws -> String

    /// Which directories of the engine's host a directory in a container consists of; none where it is the container's
    /// own. The container need not run.
    /// - Throws: ``ContainerError``.
    func hostPlaces(of path: String, in name: ContainerName) async throws -> [HostPlace]

    /// Runs a command and waits for its end; its standard error is read all the while.
    ///
    /// The descriptors in `command` are given away: closed here as soon as the child has them, and on every failure.
    /// The child leads a session and process group of its own. When the task is cancelled, the group gets SIGTERM and
    /// a moment later SIGKILL, and is reaped. Whatever the command leaves in its group is killed when it has ended.
    /// - Throws: `CancellationError`, or ``ContainerError`` when nothing could be run. An exit status is a result.
    func exec(_ command: ContainerCommand, in name: ContainerName) async throws -> ExecResult

    /// Restarts a container, so that its processes open the restored files; local: nothing to do.
    /// - Throws: ``ContainerError``.
    func restart(_ name: ContainerName) async throws

    /// How containers are stopped and started; `nil` where they are plain directories in which nothing runs.
    var lifecycle: (any ContainerLifecycle)? { get }

    /// Kills the processes of a run that stayed in a container; `*` means of any run.
    /// - Returns: How many were killed.
    /// - Throws: ``ContainerError`` with `leftoversRemain` when they can't be reached from here.
    func endLeftovers(run: String, in name: ContainerName) async throws -> Int
}

extension ContainerRuntime {
    /// None: for runtimes that know of no host.
    public func hostPlaces(of path: String, in name: ContainerName) async throws -> [HostPlace] { [] }

    /// Inspects a container and insists that commands can be run in it.
    /// - Throws: ``ContainerError`` with `notRunning` or `paused` and the remedy, or whatever `inspect` throws.
    @discardableResult
    public func requireRunning(_ name: ContainerName) async throws -> ContainerInfo {
        let info = try await inspect(name)
        if info.isRestarting {
            throw ContainerError(
                .notRunning, "container \(name) ends again and again; look at: docker logs \(name)")
        }
        if info.isPaused {
            throw ContainerError(.paused, "container \(name) is paused; unpause it first: docker unpause \(name)")
        }
        if !info.isRunning {
            throw ContainerError(.notRunning, "container \(name) is not running; start it first: docker start \(name)")
        }
        return info
    }
}
