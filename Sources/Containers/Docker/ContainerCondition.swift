/// How a container is, as `docker inspect` has it at one moment.
public struct ContainerCondition: Sendable, Equatable {
    /// What its health check says.
    public enum Health: String, Sendable {
        /// It has no health check.
        case none
        /// No verdict yet.
        case starting
        case healthy
        case unhealthy
    }

    public let isRunning: Bool
    /// It ended and the engine is about to start it again.
    public let isRestarting: Bool
    /// How often the engine has started it again.
    public let restarts: Int
    /// The exit status of its last end.
    public let exitCode: Int
    public let health: Health
    /// The last words of its health check, one line.
    public let lastCheck: String
    /// The digest of its image, `sha256:…`.
    public let image: String
    /// The image's name as the container was made with it.
    public let imageName: String
    /// The Compose project it belongs to; nil for one that was made otherwise.
    public let project: String?

    /// Makes a description, for runtimes and for tests.
    public init(
        isRunning: Bool, isRestarting: Bool = false, restarts: Int = 0, exitCode: Int = 0, health: Health = .none,
        lastCheck: String = "", image: String, imageName: String, project: String? = nil
    ) {
        self.isRunning = isRunning
        self.isRestarting = isRestarting
        self.restarts = restarts
        self.exitCode = exitCode
        self.health = health
        self.lastCheck = lastCheck
        self.image = image
        self.imageName = imageName
        self.project = project
    }

    /// One word for a table: `running`, `healthy`, `restarting`, `exited (1)` …
    public var word: String {
        if isRestarting { return "restarting" }
        guard isRunning else { return "exited (\(exitCode))" }
        return health == .none ? "running" : health.rawValue
    }
}
