/// How accounts of a service are made.
public struct AccountsDeclaration: Sendable, Encodable, Equatable {
    /// The manager's name, e.g. `http`; whether it is known is a matter of installation.
    public let manager: String
    /// The names of the credentials each peer gets.
    public let credentials: [String]
    /// The port of the account interface when it is not the backend's.
    public let port: Int?

    init?(_ field: Field) {
        guard field.isObject else { return nil }
        let manager = field["manager"].required("the account manager, e.g. \"http\"") { $0.string() }
        let credentials = field["credentials"].required("the names, e.g. [\"password\"]") { $0.array { $0.string() } }
        port = field["port"].optional { $0.integer() }
        guard let manager, let credentials else { return nil }
        self.manager = manager
        self.credentials = credentials
    }
}
