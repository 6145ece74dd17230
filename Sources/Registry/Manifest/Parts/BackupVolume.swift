/// One directory inside a container that becomes the archive `<name>.tar.gz`.
public struct BackupVolume: Sendable, Encodable, Hashable {
    /// The running container.
    public let container: ContainerName
    /// The directory inside it.
    public let path: ContainerPath
    /// The archive's filename stem.
    public let name: ArchiveName

    /// A volume whose parts were checked.
    public init(container: ContainerName, path: ContainerPath, name: ArchiveName) {
        self.container = container
        self.path = path
        self.name = name
    }

    init?(_ field: Field) {
        guard field.isObject else { return nil }
        let container = field["container"].required("the container's name") {
            $0.checked(ContainerName.self, rule: "backup.container.pattern")
        }
        let path = field["path"].required("the absolute path inside the container") {
            $0.checked(ContainerPath.self, rule: "backup.path.pattern")
        }
        let name = field["name"].required("the archive's name without .tar.gz") {
            $0.checked(ArchiveName.self, rule: "backup.name.pattern")
        }
        guard let container, let path, let name else { return nil }
        self.init(container: container, path: path, name: name)
    }
}
