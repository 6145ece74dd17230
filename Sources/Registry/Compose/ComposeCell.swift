/// What a Compose document takes from the cell.
public struct ComposeCell: Sendable, Equatable {
    /// `${PIC_DOMAIN}`; nil when the cell has none, which is an error only where it is used.
    public let domain: String?
    /// `${PIC_CELL_NAME}`; nil when the cell has none.
    public let name: String?
    /// `${PIC_PROJECT_DIR}`: the cell on the host, absolute and normalised.
    public let projectDirectory: String
    /// The gateway's address on the cell's network, the containers' resolver.
    public let gateway: ServiceAddress
    /// The Docker network that `cell-network` stands for, `network.name` in `config/picjobs.yml`.
    public let network: String

    /// The key of the network in every template.
    static let networkKey = "cell-network"

    /// Puts the parts together.
    /// - Throws: `RegistryError` with code `.configuration` when the directory is not absolute or has `..` in it.
    public init(
        domain: String?, name: String?, projectDirectory: String, gateway: ServiceAddress,
        network: String = "cell-network"
    ) throws(RegistryError) {
        guard projectDirectory.utf8.first == UInt8(ascii: "/"), let parts = PathText.components(projectDirectory),
            !parts.isEmpty
        else {
            throw RegistryError(
                .configuration,
                "\(quoted(projectDirectory)) can't be the project directory of containers; give the cell as an absolute "
                    + "path without \"..\"")
        }
        self.domain = domain
        self.name = name
        self.projectDirectory = "/" + parts.joined(separator: "/")
        self.gateway = gateway
        self.network = network
    }

    /// The directory's components.
    var projectComponents: [String] { PathText.components(projectDirectory) ?? [] }
}
