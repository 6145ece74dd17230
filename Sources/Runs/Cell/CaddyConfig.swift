public import Archive
public import Registry

/// The key `caddy:` of `config/picjobs.yml` (docs/caddy.md); every part is optional.
public struct CaddyConfig: Sendable {
    /// `caddy.admin:` where Caddy's admin API listens: `http://HOST:PORT`, or `unix/` and an absolute path.
    public var admin = "http://127.0.0.1:2019"
    /// `caddy.caddyfile:` the cell's own Caddyfile, below the cell; it imports `services.caddy`.
    public var caddyfile: RelativePath = "config/caddy/Caddyfile"
    /// `caddy.tls:` internal, acme or off.
    public var tls = TLSMode.internal
    /// `caddy.address:` Caddy's address on the cell's network, for names and to ask a site after a change.
    public var address = "172.20.0.2"
    /// `caddy.port:` where sites are asked after a change; 443, or 80 with `tls: off`, when it is not set.
    public var port: UInt16?

    /// The port that sites are asked at.
    var sitePort: UInt16 { port ?? (tls == .off ? 80 : 443) }

    /// Takes the whole mapping.
    /// - Returns: a sentence for everything that is wrong.
    mutating func take(_ value: YAMLValue) -> [String] {
        guard let members = value.mapping else { return [value.fault("caddy must be a mapping of keys to values")] }
        return members.compactMap { member in take(member.key, member.value).map(member.value.fault) }
    }

    private mutating func take(_ key: String, _ value: YAMLValue) -> String? {
        switch key {
        case "admin":
            guard let text = value.text, text.hasPrefix("http://") || text.hasPrefix("unix//") else {
                return
                    "caddy.admin must be http://HOST:PORT, or unix/ and an absolute path, such as unix//run/caddy.sock"
            }
            admin = text
        case "caddyfile":
            guard let text = value.text, let path = relativePath(text) else {
                return "caddy.caddyfile must be a path below the cell, such as config/caddy/Caddyfile"
            }
            caddyfile = path
        case "tls":
            // `off` without quotes is false in YAML.
            let word = value.boolean == false ? TLSMode.off.rawValue : value.text
            guard let mode = word.flatMap({ TLSMode(rawValue: $0) }) else {
                return "caddy.tls must be internal, acme or off"
            }
            tls = mode
        case "address":
            guard let text = value.text, !text.isEmpty else { return "caddy.address must be an address" }
            address = text
        case "port":
            guard let number = value.integer, let port = UInt16(exactly: number), port > 0 else {
                return "caddy.port must be 1 to 65535"
            }
            self.port = port
        default: return "caddy.\(key) is no key of this file"
        }
        return nil
    }

    private func relativePath(_ text: String) -> RelativePath? {
        do { return try RelativePath(text) } catch { return nil }
    }
}
