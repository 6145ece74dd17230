extension AddressLeases {
    /// Gives every container of a service an address, and takes those of containers that it no longer has.
    ///
    /// A lease lasts until it is released: a container keeps the address it has. A new one gets the lowest address of the
    /// pool that nobody has a lease for and that is not `inUse`. The result depends on nothing else, and a failure
    /// changes nothing.
    /// - Parameters:
    ///   - containers: All of the service, the one that `${SERVICE_IP}` stands for first.
    ///   - inUse: Addresses that something other than this service answers at, from a look at the network, and the
    ///     gateway's.
    /// - Throws: `RegistryError` with code `.configuration` when the pool is exhausted.
    public mutating func allocate(
        _ containers: [ContainerName], for service: ServiceID, from pool: AddressPool = .usual,
        inUse: Set<ServiceAddress> = []
    ) throws(RegistryError) {
        let own = leases(of: service)
        let others = services.filter { $0.id != service.rawValue }.flatMap(\.leases)
        var taken = Set(others.compactMap { ServiceAddress($0.address) })
        var kept: [String: ServiceAddress] = [:]
        for lease in own where containers.contains(where: { $0.rawValue == lease.container }) {
            // Written by hand: no address, or one that somebody else has, too. It gets a new one.
            guard let address = ServiceAddress(lease.address), taken.insert(address).inserted else { continue }
            kept[lease.container] = address
        }
        taken.formUnion(inUse)
        var leases: [Lease] = []
        for container in containers where !leases.contains(where: { $0.container == container.rawValue }) {
            guard let address = kept[container.rawValue] ?? pool.lowestFree(taken) else {
                throw RegistryError(
                    .configuration,
                    "\(container): no address is left in the pool \(pool) (\(others.count) are leased to other services, "
                        + "\(inUse.count) are in use); remove a service, or widen network.pool in config/picjobs.yml")
            }
            taken.insert(address)
            leases.append(Lease(container: container.rawValue, address: address.rawValue))
        }
        if let place = services.firstIndex(where: { $0.id == service.rawValue }) {
            services[place].leases = leases
        } else {
            services.append((service.rawValue, leases))
        }
    }

    /// A service's leases as they stand in the file, in their order; nil when it has none.
    public func written(for service: ServiceID) -> JSONValue? {
        guard let found = services.first(where: { $0.id == service.rawValue }) else { return nil }
        var members = JSONObject()
        for lease in found.leases { members[lease.container] = .string(lease.address) }
        return .object(members)
    }

    /// Puts back what ``written(for:)`` gave before a change; nil takes the service's leases away.
    public mutating func restore(_ written: JSONValue?, for service: ServiceID) {
        guard let members = written?.object?.members else { return release(service) }
        let leases = members.map { Lease(container: $0.key, address: $0.value.string ?? "") }
        if let place = services.firstIndex(where: { $0.id == service.rawValue }) {
            services[place].leases = leases
        } else {
            services.append((service.rawValue, leases))
        }
    }

    /// Gives the addresses of a removed service back; nothing happens when it has none.
    public mutating func release(_ service: ServiceID) {
        services.removeAll { $0.id == service.rawValue }
    }
}
