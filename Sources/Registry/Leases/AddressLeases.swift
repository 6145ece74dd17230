internal import SystemPackage

/// `data/ip_leases.json`: which address on the cell's network each container of a service has.
///
///     {"email": {"cell-mail": "172.20.0.22", "cell-rainloop": "172.20.0.23"}}
///
/// The order counts: the container that `${SERVICE_IP}` stands for is the first of its service.
public struct AddressLeases: Sendable, Equatable {
    /// One container's address, as written.
    struct Lease: Sendable, Equatable {
        let container: String
        let address: String
    }

    /// The services in the order of the file, each with its containers in their order.
    var services: [(id: String, leases: [Lease])] = []

    /// The largest file that is read, in bytes.
    public static let sizeLimit = 1 << 20

    /// No lease at all.
    public init() {}

    /// Reads the file's bytes; `file` names them in messages.
    /// - Throws: `RegistryError` with code `.configuration` and all faults.
    public init(parsing bytes: [UInt8], file: String = "data/ip_leases.json") throws(RegistryError) {
        services = try JSONParser.document(bytes, file: file) { root in
            (root.members ?? []).map { service, field in
                let leases = (field.members ?? []).compactMap { container, field in
                    field.string().map { Lease(container: container, address: $0) }
                }
                return (service, leases)
            }
        }.value
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
        leases(of: service).first { $0.container == container.rawValue }?.address
    }

    /// The container that `${SERVICE_IP}` stands for: the first with a lease; the service's main one when none has.
    public func mainContainer(of service: Manifest) -> ContainerName {
        leases(of: service.id).first.flatMap { ContainerName($0.container) } ?? service.containerName
    }

    func leases(of service: ServiceID) -> [Lease] {
        services.first { $0.id == service.rawValue }?.leases ?? []
    }

    /// The file's bytes: what was read keeps its order, new services stand at the end.
    public func serialized() -> [UInt8] {
        var root = JSONObject()
        for (id, leases) in services {
            var members = JSONObject()
            for lease in leases { members[lease.container] = .string(lease.address) }
            root[id] = .object(members)
        }
        return JSONValue.object(root).serialized()
    }

    /// Whether services, containers and addresses are the same, in the same order.
    public static func == (one: AddressLeases, other: AddressLeases) -> Bool {
        one.services.elementsEqual(other.services) { $0.id == $1.id && $0.leases == $1.leases }
    }
}
