/// What is known about a container at one moment.
public struct ContainerInfo: Sendable, Equatable {
    /// The engine's full id (64 hex digits); with the local runtime the absolute path of the directory.
    public let id: String
    /// The image's name as the container was created with it; `local` for the local runtime.
    public let image: String
    /// The image's content digest, `sha256:…`; `nil` for the local runtime.
    public let imageDigest: String?
    /// Whether the container has a running main process (a paused one has).
    public let isRunning: Bool
    /// Whether its processes are frozen, so that nothing can be run in it.
    public let isPaused: Bool
    /// The main process as the engine's host numbers it; `nil` when stopped or local.
    public let processID: Int32?
    /// Whether it ended and the engine is about to start it again.
    public let isRestarting: Bool
    /// `no`, `always`, `unless-stopped`, `on-failure` or `on-failure:5`, as `docker update --restart` takes it.
    public let restartPolicy: String
    /// What is mounted in it, the shortest path first.
    public let mounts: [ContainerMount]
    /// How often the engine has started it again.
    public let restarts: Int
    /// Whether the engine removes it when it stops (`docker run --rm`).
    public let isRemovedOnStop: Bool
    /// The Compose project it belongs to; `nil` for one that was made otherwise.
    public let project: String?
    /// How many seconds ago it ended, by this host's clock; `nil` while it runs, and when it never did.
    public let secondsSinceEnd: Int?
    /// The exit status of its last end.
    public let exitCode: Int

    /// Makes a description, for runtimes and for tests.
    public init(
        id: String, image: String, imageDigest: String?, isRunning: Bool, isPaused: Bool, processID: Int32? = nil,
        isRestarting: Bool = false, restartPolicy: String = "no", mounts: [ContainerMount] = [], restarts: Int = 0,
        isRemovedOnStop: Bool = false, project: String? = nil,
        secondsSinceEnd: Int? = nil, exitCode: Int = 0
    ) {
        self.isRestarting = isRestarting
        self.secondsSinceEnd = secondsSinceEnd
        self.exitCode = exitCode
        self.id = id
        self.image = image
        self.imageDigest = imageDigest
        self.isRunning = isRunning
        self.isPaused = isPaused
        self.processID = processID
        self.restartPolicy = restartPolicy
        self.mounts = mounts.sorted { $0.destination.utf8.count < $1.destination.utf8.count }
        self.restarts = restarts
        self.isRemovedOnStop = isRemovedOnStop
        self.project = project
    }

    /// Whether commands can be run in it for longer: its main process runs, and is neither paused nor one that ends again
    /// and again.
    public var takesCommands: Bool { isRunning && !isPaused && !isRestarting && restarts == 0 }

    /// The mount that holds a path of the container: the one with the longest destination above it; `nil` where the path
    /// lies in the container's own layer.
    public func mount(holding path: String) -> ContainerMount? {
        mounts.last { $0.holds(path) }
    }
}
