public import SystemPackage

/// Where everything of a cell lies; pure arithmetic on paths, it touches no disk.
public struct CellLayout: Sendable, Hashable {
    /// The cell: the project root on the host.
    public let root: FilePath

    /// The cell at a path, absolute or relative to the working directory.
    public init(root: FilePath) {
        self.root = root
    }

    /// The cell from a command line or environment.
    public init(root: String) {
        self.init(root: FilePath(root))
    }

    /// The place of a path that is relative to the cell.
    public func place(_ relative: FilePath) -> FilePath { root.pushing(relative) }

    /// The place of a manifest's `config_paths` entry.
    public func place(_ path: ConfigPath) -> FilePath { root.pushing(FilePath(path.rawValue)) }

    /// The path relative to the cell for messages; unchanged when it lies elsewhere.
    public func relative(_ path: FilePath) -> FilePath {
        var path = path
        guard path.starts(with: root), path != root, path.removePrefix(root) else { return path }
        return path
    }
}

// config/ and jobs/
extension CellLayout {
    /// Identity and the admin's choices per service.
    public var cellConfig: FilePath { place("config/cell_config.json") }
    /// The runner's own settings.
    public var runnerConfig: FilePath { place("config/picjobs.yml") }
    /// Generated site blocks, imported by the cell's own Caddyfile.
    public var servicesCaddyfile: FilePath { place("config/caddy/services.caddy") }
    /// Generated: every service name and Caddy's address.
    public var servicesHosts: FilePath { place("config/dns/services.hosts") }
    /// Job definitions, `*.yml`.
    public var jobs: FilePath { place("jobs") }

    /// The configuration directory of a service by convention, `config/<id>`.
    public func serviceConfig(_ id: ServiceID) -> FilePath { place("config").appending(id.rawValue) }
}

// data/
extension CellLayout {
    /// 0600, `{"<id>": {"<NAME>": "…"}}`.
    public var serviceSecrets: FilePath { place("data/service_secrets.json") }
    /// 0600, `{"<id>": {"<peer>": {"password": "…"}}}`.
    public var peerCredentials: FilePath { place("data/peer_service_credentials.json") }
    /// `{"<id>": {"<container>": "172.20.0.21"}}`.
    public var addressLeases: FilePath { place("data/ip_leases.json") }
    /// 0700, never inside a snapshot.
    public var keys: FilePath { place("data/keys") }
    /// 0600, authenticates snapshots.
    public var snapshotKey: FilePath { place("data/keys/snapshot.key") }
    /// One directory per installed service.
    public var services: FilePath { place("data/services") }
    /// 0700, the backup root unless `config/picjobs.yml` names another.
    public var backups: FilePath { place("data/backups") }
    /// One directory per run.
    public var runs: FilePath { place("data/runs") }

    /// The directory of an installed service.
    public func service(_ id: ServiceID) -> FilePath { services.appending(id.rawValue) }

    /// The service's manifest.
    public func manifest(_ id: ServiceID) -> FilePath { service(id).appending("manifest.json") }

    /// The template its Compose file is rendered from.
    public func composeTemplate(_ id: ServiceID) -> FilePath { service(id).appending("compose-template.yml") }

    /// The rendered Compose file.
    public func composeFile(_ id: ServiceID) -> FilePath { service(id).appending("docker-compose.yml") }

    /// What was installed, from where and when.
    public func installRecord(_ id: ServiceID) -> FilePath { service(id).appending("install.json") }

    /// The directory of a run. A component, so that a name from a command line can't climb out of `data/runs`: refuse
    /// those whose `kind` is not `.regular`.
    public func run(_ id: FilePath.Component) -> FilePath { runs.appending(id) }

    /// The report of a run, written when it is over.
    public func runRecord(_ id: FilePath.Component) -> FilePath { run(id).appending("run.json") }

    /// The journal of a run, one JSON object per line.
    public func runSteps(_ id: FilePath.Component) -> FilePath { run(id).appending("steps.jsonl") }

    /// What a run had to say.
    public func runLog(_ id: FilePath.Component) -> FilePath { run(id).appending("log") }
}
