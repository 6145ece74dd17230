internal import Archive
internal import Containers
internal import Netfilter
public import Registry

/// All there is to say about one installed service.
public struct InstalledService: Sendable {
    /// One container.
    public struct Container: Sendable, Encodable {
        public let name: String
        /// Its lease; nil for none.
        public let address: String?
        /// `running`, `healthy`, `exited (1)` …, `missing`, or `unknown` when the engine does not answer.
        public let state: String
        public let image: String?
    }

    /// What lies below the manifest's `storage.primary_path`.
    public struct Storage: Sendable, Encodable {
        /// Relative to the cell.
        public let path: String
        /// Bytes of all files in it; nil when it is not there, or its data lies in a volume.
        public let bytes: UInt64?
        /// The manifest's limit in megabytes (1 000 000 bytes).
        public let quotaMB: Int?
        /// The same in bytes; whatever a manifest that nobody has judged says.
        public var quota: UInt64? {
            quotaMB.map { UInt64(max(0, $0)).multipliedReportingOverflow(by: 1_000_000) }
                .map { $0.overflow ? .max : $0.partialValue }
        }

        enum CodingKeys: String, CodingKey {
            case path, bytes
            case quotaMB = "quota_mb"
        }
    }

    public let manifest: Manifest
    /// nil for a service that was put there by hand.
    public let record: InstallRecord?
    public let containers: [Container]
    /// Host names that lead to it.
    public let hosts: [String]
    /// The chosen exit; `none` when it may not be used, and its packets are dropped.
    public let exit: String
    public let storage: Storage?
    /// What keeps it from being known better, or from being used, a sentence each.
    public internal(set) var faults: [String] = []

    /// Looks at a service and changes nothing.
    /// - Throws: ``RunError`` when it is not installed.
    public init(_ service: String, in cell: Cell) async throws {
        let registry = try ServiceRegistry(loading: cell.layout)
        let manifest = try registry.named(service)
        self.manifest = manifest
        var faults: [String] = []
        record = try InstallRecord(at: try RelativePath("data/services/\(manifest.id)"), in: cell)
        let leases = try AddressLeases(of: cell.layout)
        var conditions: [Registry.ContainerName: ContainerCondition]?
        do {
            conditions = try await cell.serviceEngine(run: RunID()).conditions(of: manifest.allContainers)
        } catch let error as ContainerError {
            faults.append("\(error)")
        }
        containers = manifest.allContainers.map { name in
            Container(
                name: name.rawValue, address: leases.address(of: name, in: manifest.id),
                state: conditions.map { $0[name]?.word ?? "missing" } ?? "unknown", image: conditions?[name]?.imageName)
        }
        let config = try CellConfig(of: cell.layout)
        var exitFaults: [(String, String)] = []
        exit = EgressInventory.exit(of: manifest, config, &exitFaults)?.rawValue ?? "none"
        faults += exitFaults.map(\.1)
        let (sites, siteFaults) = registry.sites()
        faults += siteFaults.filter { $0.file.hasPrefix("data/services/\(manifest.id)/") }.map(\.description)
        hosts = sites.filter { $0.service == manifest.id }.map { site in
            config.identity.domain.map { "\(site.subdomain).\($0)" } ?? "\(site.subdomain)"
        }
        storage = try manifest.storage.map { storage in
            Storage(
                path: storage.primaryPath, bytes: try Self.size(storage.primaryPath, in: cell), quotaMB: storage.quotaMB
            )
        }
        if let storage, let bytes = storage.bytes, let quota = storage.quota, bytes > quota {
            faults.append("\(storage.path) holds more than the \(storage.quotaMB ?? 0) MB that the manifest allows")
        }
        self.faults = faults
    }

    /// Bytes of all files below a directory, without following links; nil when there is no such directory.
    private static func size(_ path: String, in cell: Cell) throws -> UInt64? {
        guard ConfigPath(path) != nil, let top = try cell.root.directoryIfPresent(try RelativePath(path)) else {
            return nil
        }
        var total: UInt64 = 0
        var waiting = [top]
        while let directory = waiting.popLast() {
            for entry in try directory.list() {
                if entry.kind == .directory {
                    // Gone again, perhaps.
                    if let below = try directory.directoryIfPresent(entry.path) { waiting.append(below) }
                } else if let status = try directory.status(entry.path), status.kind == .file {
                    total += status.size
                }
            }
        }
        return total
    }
}
