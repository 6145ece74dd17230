public import Archive
internal import Containers
internal import Registry

/// `config/picjobs.yml` as far as runs need it; every key is optional (docs/cell.md).
public struct RunnerConfig: Sendable {
    /// How containers are reached.
    public enum Runtime: String, Sendable {
        /// Through the docker CLI.
        case docker
        /// As directories of the host.
        case local
    }

    /// `runtime:`; docker by default.
    public var runtime = Runtime.docker
    /// `containers:`: container name → directory, for `local`.
    public var containers: [String: String] = [:]
    /// `backup_root:`, relative to the cell or absolute.
    public var backupRoot = "data/backups"
    /// `stall_timeout:` seconds without a byte after which a stream counts as hung.
    public var stallTimeout = 300
    /// `command_timeout:` seconds after which a command in a container that is no stream counts as hung; what walks a
    /// tree has thirty times as long.
    public var commandTimeout = 120
    /// `container_wait:` seconds within which a container that ran must be back, before its volumes are given up.
    public var containerWait = 60
    /// `docker:` name or path of the docker CLI.
    public var docker = "docker"
    /// `compression_level:` zlib's, 1…9.
    public var compressionLevel: Int32 = 6
    /// `health_timeout:` seconds within which the containers of an installed or updated service must be healthy.
    public var healthTimeout = 120
    /// `keep_runs_days:` how long run records stay.
    public var keepRunsDays = 90

    /// `network:`, `gateway:`, `host:`, `service_namespaces:` and `egress:`.
    public var egress = EgressConfig()
    /// `caddy:`.
    public var caddy = CaddyConfig()
    /// `store:`.
    public var store = StoreConfig()
    /// `accounts:` the commands of account managers, by the manager's name.
    public var accountCommands: [String: AccountCommands] = [:]

    /// The keys that stand in the file.
    var keys: Set<String> = []

    /// The defaults.
    public init() {}

    /// Reads the file; a missing one means the defaults.
    ///
    /// - Throws: ``RunError`` `.configuration` naming every wrong key.
    public init(of cell: Directory) throws {
        let place: RelativePath = "config/picjobs.yml"
        let name = place.description
        let bytes: [UInt8]
        do {
            bytes = try cell.readFile(place, limit: 1 << 20)
        } catch  where error.code == .notFound {
            self.init()
            return
        } catch {
            throw RunError(.configuration, "\(name) cannot be read: \(error)", underlying: error)
        }
        try self.init(parsing: bytes, file: name)
    }

    /// Reads the file's bytes.
    init(parsing bytes: [UInt8], file name: String) throws {
        var (root, faults) = YAMLReader.read(bytes)
        guard let root else {
            guard let fault = faults.first else { return }
            throw RunError(.configuration, "\(name) \(fault)")
        }
        guard let members = root.mapping else {
            throw RunError(.configuration, "\(name) must be a mapping of keys to values")
        }
        keys = Set(members.map(\.key))
        for member in members { faults += take(member) }
        guard faults.isEmpty else {
            throw RunError(.configuration, "\(name): \(faults.joined(separator: "; "))")
        }
    }

    /// Takes one key; a sentence for each fault, with its line and column.
    private mutating func take(_ member: YAMLMember) -> [String] {
        let (key, value) = (member.key, member.value)
        if EgressConfig.keys.contains(key) { return egress.take(key, value) }
        switch key {
        case "caddy": return caddy.take(value)
        case "store": return store.take(value)
        case "accounts": return takeAccounts(value)
        default: return [take(key, value)].compactMap { $0 }.map(value.fault)
        }
    }

    /// Keys of parts that are not there yet.
    private static let elsewhere: Set<String> = ["offsite", "notifications"]

    /// A sentence about what is wrong with the value; nil when it was taken.
    private mutating func take(_ key: String, _ value: YAMLValue) -> String? {
        switch key {
        case "runtime":
            guard let name = value.text, let runtime = Runtime(rawValue: name) else {
                return "runtime must be docker or local"
            }
            self.runtime = runtime
        case "containers":
            guard let map = value.texts else { return "containers must map names to directories" }
            for name in map.keys where Containers.ContainerName(name) == nil { return "containers: \(name) is no name" }
            containers = map
        case "transport":
            guard value.text == "exec" else { return "transport must be exec, the only one so far" }
        case "backup_root":
            guard let path = value.text, !path.isEmpty else { return "backup_root must be a path" }
            backupRoot = path
        case "stall_timeout":
            guard let seconds = value.integer, (1...86_400).contains(seconds) else {
                return "stall_timeout must be 1 to 86400 seconds"
            }
            stallTimeout = seconds
        case "command_timeout":
            guard let seconds = value.integer, (1...86_400).contains(seconds) else {
                return "command_timeout must be 1 to 86400 seconds"
            }
            commandTimeout = seconds
        case "container_wait":
            guard let seconds = value.integer, (0...3600).contains(seconds) else {
                return "container_wait must be 0 to 3600 seconds"
            }
            containerWait = seconds
        case "health_timeout":
            guard let seconds = value.integer, (1...3600).contains(seconds) else {
                return "health_timeout must be 1 to 3600 seconds"
            }
            healthTimeout = seconds
        case "docker":
            guard let path = value.text, !path.isEmpty else { return "docker must be a command" }
            docker = path
        case "compression_level":
            guard let level = value.integer, (1...9).contains(level) else { return "compression_level must be 1 to 9" }
            compressionLevel = Int32(level)
        case "keep_runs_days":
            guard let days = value.integer, (1...36_500).contains(days) else {
                return "keep_runs_days must be 1 to 36500 days"
            }
            keepRunsDays = days
        case _ where Self.elsewhere.contains(key): break
        default: return "\(key) is no key of this file"
        }
        return nil
    }
}
