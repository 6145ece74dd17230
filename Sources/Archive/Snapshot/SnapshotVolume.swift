/// The name of one volume of one service, `notes/data`: what a newest archive is looked up by.
public struct SnapshotVolume: Sendable, Hashable, Codable {
    /// The service's id.
    public let service: String
    /// The archive's name in the service's manifest (`backup.volumes[].name`).
    public let name: String

    public init(service: String, name: String) {
        self.service = service
        self.name = name
    }
}

extension SnapshotVolume: Comparable {
    public static func < (left: SnapshotVolume, right: SnapshotVolume) -> Bool {
        (left.service, left.name) < (right.service, right.name)
    }
}

extension SnapshotVolume: CustomStringConvertible {
    public var description: String { "\(service)/\(name)" }
}
