/// The web route that a store service asks for.
public struct CaddyRoute: Sendable, Encodable, Equatable {
    /// The subdomain as written; its rules are those of installation.
    public let subdomain: String

    init?(_ field: Field) {
        guard field.isObject else { return nil }
        guard let subdomain = field["subdomain"].required("the subdomain", { $0.string() }) else { return nil }
        self.subdomain = subdomain
    }
}
