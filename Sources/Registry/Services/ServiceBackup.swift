/// What is backed up of one service: the checked part of its manifest that a backup acts on.
public struct ServiceBackup: Sendable, Hashable {
    /// The service these belong to.
    public let service: ServiceID
    /// Directories in containers, in the manifest's order.
    public let volumes: [BackupVolume]
    /// Files and trees of the cell, in the manifest's order.
    public let configPaths: [ConfigPath]

    /// What a service backs up, from parts that were checked.
    public init(service: ServiceID, volumes: [BackupVolume], configPaths: [ConfigPath]) {
        self.service = service
        self.volumes = volumes
        self.configPaths = configPaths
    }
}
