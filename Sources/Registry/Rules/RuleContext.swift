/// What a manifest is judged against besides itself.
public struct RuleContext: Sendable {
    /// The PIC level that this program provides.
    public static let picVersion = SemanticVersion(major: 1)

    /// Containers of the core stack (guide, section 1), which are no service's.
    public static let coreContainers: Set<String> = [
        "cell-api", "cell-caddy", "cell-dhcp", "cell-dns", "cell-ntp", "cell-webui", "cell-wireguard",
    ]

    /// The absolute path of the cell; nil when there is none, as on a developer's machine.
    public var projectRoot: String?
    /// Containers that no service may have.
    public var coreContainers: Set<String>
    /// The other services.
    public var neighbours: Neighbours

    /// A context; without arguments that of a manifest alone.
    public init(
        projectRoot: String? = nil, coreContainers: Set<String> = Self.coreContainers,
        neighbours: Neighbours = Neighbours()
    ) {
        self.projectRoot = projectRoot
        self.coreContainers = coreContainers
        self.neighbours = neighbours
    }
}
