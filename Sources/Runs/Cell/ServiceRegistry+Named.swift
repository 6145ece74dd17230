internal import Registry

extension ServiceRegistry {
    /// The service that a person named.
    /// - Throws: ``RunError`` `.refused` when its manifest can't be used, `.failed` when it can't be read, or with those there
    ///   are when it is not installed.
    func named(_ service: String) throws -> Manifest {
        if let manifest = ServiceID(service).flatMap({ self.service($0) }) { return manifest }
        if let fault = faults.first(where: { $0.service == service }) {
            if fault.isUnread { throw RunError(.failed, "the manifest of \(service): \(fault.reason)") }
            throw RunError(.refused, "the manifest of \(service) can't be used: \(fault.reason)")
        }
        let known = services.map(\.id.rawValue).joined(separator: ", ")
        throw RunError(.failed, "no service \(service) is installed; there are: \(known.isEmpty ? "none" : known)")
    }
}

extension Cell {
    /// The names of the containers that the manifests of some installed services declare.
    func containers(of services: Set<String>) throws -> Set<String> {
        let manifests = try ServiceRegistry(loading: layout).services.filter { services.contains($0.id.rawValue) }
        return Set(manifests.flatMap(\.allContainers).map(\.rawValue))
    }
}
