internal import SystemPackage

/// `data/ip_leases.json`: which address on the cell's network each container of a service has.
///
///     {"email": {"cell-mail": "172.20.0.22", "cell-rainloop": "172.20.0.23"}}
public struct AddressLeases: Sendable, Equatable {
    /// Service → its containers in the order of the file, each with the text of its address.
    private let leases: [String: [(container: String, address: String)]]

    /// The largest file that is read, in bytes.
    public static let sizeLimit = 1 << 20

    /// No lease at all.
    public init() { leases = [:] }

    /// Reads the file's bytes; `file` names them in messages.
    /// - Throws: `RegistryError` with code `.configuration` and all faults.
    public init(parsing bytes: [UInt8], file: String = "data/ip_leases.json") throws(RegistryError) {
        let root: JSONValue
        do throws(JSONSyntaxError) {
            root = try JSONParser.parse(bytes)
        } catch {
            throw RegistryError(.configuration, faults: [Fault(file: file, pointer: error.pointer, error.message)])
        }
        let faults = FaultList(file: file)
        var leases: [String: [(container: String, address: String)]] = [:]
        for (service, field) in Field(root: root, faults: faults).members ?? [] {
            leases[service] = (field.members ?? []).compactMap { container, field in
                field.string().map { (container, $0) }
            }
        }
        guard faults.faults.isEmpty else { throw RegistryError(.configuration, faults: faults.faults) }
        self.leases = leases
    }

    /// Reads the cell's file; one that does not exist means that there are no leases.
    /// - Throws: `RegistryError` with code `.configuration`, also for a link or anything else that is no regular file.
    public init(of layout: CellLayout) throws(RegistryError) {
        guard let bytes = try layout.readJSON(layout.addressLeases, limit: Self.sizeLimit) else {
            self.init()
            return
        }
        try self.init(parsing: bytes, file: layout.relative(layout.addressLeases).string)
    }

    /// The address of a container of a service, as written; nil when it has no lease.
    public func address(of container: ContainerName, in service: ServiceID) -> String? {
        leases[service.rawValue]?.first { $0.container == container.rawValue }?.address
    }

    /// The container that `${SERVICE_IP}` stands for: the service's main one if it has a lease, else the first that has.
    public func mainContainer(of service: Manifest) -> ContainerName {
        let own = leases[service.id.rawValue] ?? []
        if own.contains(where: { $0.container == service.containerName.rawValue }) { return service.containerName }
        return own.first.flatMap { ContainerName($0.container) } ?? service.containerName
    }

    public static func == (one: AddressLeases, other: AddressLeases) -> Bool {
        one.leases.mapValues { $0.map { [$0.container, $0.address] } }
            == other.leases.mapValues { $0.map { [$0.container, $0.address] } }
    }
}
