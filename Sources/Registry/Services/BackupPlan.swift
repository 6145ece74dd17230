/// What a backup of the cell has to do, and what it can't do.
public struct BackupPlan: Sendable, Hashable {
    /// The services with `has_storage`, by id.
    public let services: [ServiceBackup]
    /// The services whose manifest can't be used, by name: the backup reports each as failed and is partial.
    public let faults: [ServiceFault]

    /// A plan of services and faults that are in order already.
    public init(services: [ServiceBackup], faults: [ServiceFault] = []) {
        self.services = services
        self.faults = faults
    }

    /// The part of the plan for the named services, still by id.
    /// - Throws: `RegistryError` with code `.notFound` for a name that is not in the plan.
    public func only(_ names: [String]) throws(RegistryError) -> BackupPlan {
        for name in names where !holds(name) {
            let known = services.map(\.service.rawValue) + faults.map(\.service)
            let list = known.isEmpty ? "no service" : known.sorted().joined(separator: ", ")
            throw RegistryError(
                .notFound, "no installed service \(quoted(name)) has anything to back up; this cell backs up \(list)")
        }
        return BackupPlan(
            services: services.filter { names.contains($0.service.rawValue) },
            faults: faults.filter { names.contains($0.service) })
    }

    private func holds(_ name: String) -> Bool {
        services.contains { $0.service.rawValue == name } || faults.contains { $0.service == name }
    }
}

extension ServiceRegistry {
    /// The backup declarations of all installed services (guide, section 5), in the order of their ids.
    public func backupPlan() -> BackupPlan {
        let backups = services.compactMap { manifest -> ServiceBackup? in
            guard manifest.capabilities.hasStorage, let backup = manifest.backup else { return nil }
            return ServiceBackup(service: manifest.id, volumes: backup.volumes, configPaths: backup.configPaths)
        }
        return BackupPlan(services: backups, faults: faults)
    }
}
