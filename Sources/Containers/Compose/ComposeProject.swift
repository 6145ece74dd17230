public import SystemPackage

/// The Compose project of one service: its name, and the file that describes its containers.
public struct ComposeProject: Sendable, Hashable {
    /// `pic-<id>`, the project's name (`-p`) and the value of its label.
    public let name: String
    /// The absolute path of `docker-compose.yml`.
    public let file: FilePath
    /// Further files on top of the first.
    public var overrides: [FilePath] = []

    /// The label that Compose gives everything it makes for a project, in both of its generations.
    static let label = "com.docker.compose.project"

    /// The project of a service.
    public init(service: String, file: FilePath) {
        name = Self.name(of: service)
        self.file = file
    }

    /// `pic-<id>`.
    public static func name(of service: String) -> String { "pic-\(service)" }
}
