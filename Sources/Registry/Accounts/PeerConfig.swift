/// What a peer is told about a service: the manifest's `peer_config_template`, filled (guide, section 4).
public struct PeerConfig: Sendable {
    /// The service's id.
    public let service: ServiceID
    private let template: [String: String]

    /// Nil when the manifest has no template; then a peer is told its bare credentials.
    public init?(_ manifest: Manifest) {
        guard let template = manifest.peerConfigTemplate else { return nil }
        service = manifest.id
        self.template = template
    }

    /// Fills every token in one pass: what a value holds is never taken for a token.
    ///
    /// - Parameters:
    ///   - domain: The cell's public domain; nil when it has none.
    ///   - config: The merged values of `config_schema` as text.
    ///   - credentials: The peer's credentials on this service by the names of the fields.
    /// - Throws: `RegistryError` with code `.notFound` that names a token without a value; `.configuration` when the
    ///   template asks for a domain that the cell does not have.
    public func filled(
        for peer: PeerName, domain: String?, config: [String: String], credentials: [String: String]
    ) throws(RegistryError) -> [String: String] {
        var result: [String: String] = [:]
        for (key, text) in template {
            result[key] = try Self.fill(text) { token throws(RegistryError) in
                if token == "domain" {
                    guard let domain else {
                        throw RegistryError(
                            .configuration,
                            "config/cell_config.json: identity.domain is missing; peer_config_template of \(service), "
                                + "\(quoted(key)), needs it")
                    }
                    return domain
                }
                if token == "peer.username" { return Self.percentEncoded(peer.rawValue) }
                let credential = "peer.service_credentials.\(service)."
                let value =
                    if token.hasPrefix(credential) {
                        credentials[String(token.dropFirst(credential.count))]
                    } else if token.hasPrefix("config.") {
                        config[String(token.dropFirst("config.".count))]
                    } else { String?.none }
                guard let value else {
                    throw RegistryError(
                        .notFound, "peer_config_template of \(service), \(quoted(key)): {\(token)} has no value")
                }
                return value
            }
        }
        return result
    }

    /// Replaces `{…}`; a brace without its other one stays as it is.
    private static func fill(
        _ text: String, _ value: (String) throws(RegistryError) -> String
    ) throws(RegistryError) -> String {
        var result = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            result += rest[..<open]
            result += try value(String(rest[rest.index(after: open)..<close]))
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }

    /// RFC 3986: everything but unreserved characters.
    private static func percentEncoded(_ text: String) -> String {
        let unreserved = Array("-._~".utf8)
        return text.utf8.reduce(into: "") { result, byte in
            if ASCII.isAlphanumeric(byte) || unreserved.contains(byte) {
                result.append(Character(Unicode.Scalar(byte)))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
    }
}
