/// What of a cell belongs to no service: a manifest that declared it could read secrets or steer the runner.
enum CellFiles {
    private static let paths = [
        "config/cell_config.json", "config/picjobs.yml", "config/caddy", "config/dns", "data/service_secrets.json",
        "data/peer_service_credentials.json", "data/ip_leases.json", "data/services", "data/runs", "jobs",
    ]

    /// The paths for people.
    static let list = paths.map { "`\($0)`" }.joined(separator: ", ")

    private static let components = paths.map { $0.split(separator: "/") }

    /// The first of the cell's own paths that the path lies in or holds; nil when there is none.
    static func conflict(_ path: ConfigPath) -> String? {
        let wanted = path.rawValue.split(separator: "/")
        return components.first { $0.starts(with: wanted) || wanted.starts(with: $0) }?.joined(separator: "/")
    }
}
