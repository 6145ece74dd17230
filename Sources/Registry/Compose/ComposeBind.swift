/// A bind mount of a Compose document that obeys the policy. Whether its source is reached through a link can only be
/// seen on the disk: open it beneath the cell without following links before the containers start.
public struct ComposeBind: Sendable, Hashable {
    /// The container that mounts it.
    public let container: String
    /// The source relative to the cell.
    public let source: ConfigPath
    /// The absolute path inside the container.
    public let target: String
}
