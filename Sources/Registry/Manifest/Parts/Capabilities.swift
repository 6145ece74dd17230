/// The six flags that say which integrations a service asks for; all must stand in the manifest.
public struct Capabilities: Sendable, Encodable, Equatable {
    /// The service gets a subdomain and a Caddy route.
    public let hasSubdomain: Bool
    /// The service provisions an account per peer.
    public let hasAccounts: Bool
    /// The admin can configure the fields of `config_schema`.
    public let hasAdminConfig: Bool
    /// The service has data worth backing up; demands `backup`.
    public let hasStorage: Bool
    /// The admin can choose the outbound exit.
    public let hasEgress: Bool
    /// Reserved by the guide.
    public let hasAPIHooks: Bool

    enum CodingKeys: String, CodingKey, CaseIterable {
        case hasSubdomain = "has_subdomain"
        case hasAccounts = "has_accounts"
        case hasAdminConfig = "has_admin_config"
        case hasStorage = "has_storage"
        case hasEgress = "has_egress"
        case hasAPIHooks = "has_api_hooks"
    }

    init?(_ field: Field) {
        guard field.isObject else { return nil }
        func flag(_ key: CodingKeys) -> Bool? {
            field[key.rawValue].required("true or false", rule: "capabilities.flags") { $0.boolean() }
        }
        let hasSubdomain = flag(.hasSubdomain)
        let hasAccounts = flag(.hasAccounts)
        let hasAdminConfig = flag(.hasAdminConfig)
        let hasStorage = flag(.hasStorage)
        let hasEgress = flag(.hasEgress)
        let hasAPIHooks = flag(.hasAPIHooks)
        guard let hasSubdomain, let hasAccounts, let hasAdminConfig, let hasStorage, let hasEgress, let hasAPIHooks
        else { return nil }
        self.hasSubdomain = hasSubdomain
        self.hasAccounts = hasAccounts
        self.hasAdminConfig = hasAdminConfig
        self.hasStorage = hasStorage
        self.hasEgress = hasEgress
        self.hasAPIHooks = hasAPIHooks
    }
}
