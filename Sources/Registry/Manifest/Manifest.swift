/// A service's manifest, `"schema_version": 3` (service developer guide, section 2), as it was read: well-formed and
/// typed. What only an installation must refuse (images, mounts, reserved subdomains …) is not judged here, so that the
/// data of a service that is installed already can be backed up.
public struct Manifest: Sendable, Encodable, Equatable {
    /// Always ``supportedVersion``.
    public let schemaVersion: Int
    /// The service's identifier, equal to the name of its directory.
    public let id: ServiceID
    /// The name for people.
    public let name: String
    /// One sentence for the user interface.
    public let description: String
    /// The package's version, a semver string.
    public let version: String
    /// A name or organisation.
    public let author: String
    /// How the service came to the cell.
    public let kind: ServiceKind
    /// The lowest PIC version that can run the service; nil for any.
    public let minPICVersion: String?
    /// Which integrations the service asks for.
    public let capabilities: Capabilities

    /// The primary subdomain; nil unless `has_subdomain`.
    public let subdomain: String?
    /// Further subdomains that lead to `backend`.
    public let extraSubdomains: [String]
    /// `container:port` that Caddy proxies to.
    public let backend: String?
    /// Further subdomains with backends of their own.
    public let extraBackends: [String: String]

    /// The service's containers, for lists and logs.
    public let containers: [ContainerName]
    /// What the admin can configure; empty when the manifest has no `config_schema`.
    public let configSchema: ConfigSchema
    /// What a peer is told about the service, with `{…}` tokens; nil when the service declares none.
    public let peerConfigTemplate: [String: String]?
    /// How accounts are made; nil when the manifest does not say.
    public let accounts: AccountsDeclaration?
    /// What is backed up; never nil with `has_storage`.
    public let backup: BackupDeclaration?
    /// Which exits the service may use; nil when the manifest does not say.
    public let egress: EgressDeclaration?
    /// Where the bulk of the data lies; nil when the manifest does not say.
    public let storage: StorageInfo?

    /// The image to pull.
    public let image: String
    /// The name of the running container.
    public let containerName: ContainerName
    /// Named volumes and their mounts.
    public let volumes: [VolumeMount]
    /// Environment variables of the container.
    public let env: [EnvironmentVariable]
    /// What peers may reach.
    public let iptablesRules: [ForwardRule]
    /// The web route asked for; nil for none.
    public let caddyRoute: CaddyRoute?

    /// The only schema version this program reads.
    public static let supportedVersion = 3

    /// The largest manifest that is read, in bytes.
    public static let sizeLimit = 1 << 20

    enum CodingKeys: String, CodingKey, CaseIterable {
        case schemaVersion = "schema_version"
        case id, name, description, version, author, kind
        case minPICVersion = "min_pic_version"
        case capabilities, subdomain
        case extraSubdomains = "extra_subdomains"
        case backend
        case extraBackends = "extra_backends"
        case containers
        case configSchema = "config_schema"
        case peerConfigTemplate = "peer_config_template"
        case accounts, backup, egress, storage, image
        case containerName = "container_name"
        case volumes, env
        case iptablesRules = "iptables_rules"
        case caddyRoute = "caddy_route"
    }
}

extension Manifest {
    /// Every container of the service, the main one first, each once.
    public var allContainers: [ContainerName] {
        [containerName] + containers.filter { $0 != containerName }
    }
}
