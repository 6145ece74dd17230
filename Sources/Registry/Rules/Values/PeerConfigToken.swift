/// A `{…}` of `peer_config_template` (guide, section 2), as ``PeerConfig`` fills it.
enum PeerConfigToken: Equatable {
    /// `{domain}`
    case domain
    /// `{peer.username}`
    case username
    /// `{peer.service_credentials.<service>.<field>}`
    case credential(service: String, field: String)
    /// `{config.<key>}`
    case config(String)
    /// Whatever else stands between braces.
    case unknown(String)

    private init(_ text: Substring) {
        let credential = "peer.service_credentials."
        if text == "domain" {
            self = .domain
        } else if text == "peer.username" {
            self = .username
        } else if text.hasPrefix("config.") {
            self = .config(String(text.dropFirst("config.".count)))
        } else if text.hasPrefix(credential),
            case let rest = text.dropFirst(credential.count), let dot = rest.firstIndex(of: ".")
        {
            self = .credential(service: String(rest[..<dot]), field: String(rest[rest.index(after: dot)...]))
        } else {
            self = .unknown(String(text))
        }
    }

    /// The tokens of a text in their order: each from a `{` to the next `}`. A brace without its other one is no token.
    static func tokens(in text: String) -> [PeerConfigToken] {
        var tokens: [PeerConfigToken] = []
        var rest = text[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            tokens.append(PeerConfigToken(rest[rest.index(after: open)..<close]))
            rest = rest[rest.index(after: close)...]
        }
        return tokens
    }
}
