extension Manifest {
    /// Parts of the cell that hold this service's own configuration and data: `config_paths` and
    /// `storage.primary_path`.
    ///
    /// Without those that touch the cell's own files: an installation refuses them, but a manifest that was put into
    /// its place by hand may name `config`, and what is here may be removed with the service.
    public var ownPaths: [ConfigPath] {
        let primary = storage.flatMap { ConfigPath($0.primaryPath) }
        return ((backup?.configPaths ?? []) + [primary].compactMap(\.self)).filter { CellFiles.conflict($0) == nil }
    }
}

extension ServiceRegistry {
    /// The service's ``Manifest/ownPaths`` that no other service declares a part of, too.
    public func ownPaths(of service: Manifest) -> [ConfigPath] {
        let others = Neighbours(services, of: service.id)
        return service.ownPaths.filter { others.owner(ofPath: $0) == nil }
    }
}
