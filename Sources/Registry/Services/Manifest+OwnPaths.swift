extension Manifest {
    /// Parts of the cell that hold this service's own configuration and data: `config_paths` and
    /// `storage.primary_path`; for one with an install script also `config/<id>`, its place by convention.
    ///
    /// Without those that touch the cell's own files: an installation refuses them, but a manifest that was put into
    /// its place by hand may name `config`, and what is here may be removed with the service.
    public func ownPaths(hasScript: Bool) -> [ConfigPath] {
        let primary = storage.flatMap { ConfigPath($0.primaryPath) }
        let script = hasScript ? ConfigPath("config/\(id)") : nil
        let paths = (backup?.configPaths ?? []) + [primary, script].compactMap(\.self)
        return paths.filter { CellFiles.conflict($0) == nil }
    }
}

extension ServiceRegistry {
    /// The service's ``Manifest/ownPaths(hasScript:)`` that no other service declares a part of, too.
    public func ownPaths(of service: Manifest, hasScript: Bool) -> [ConfigPath] {
        let others = Neighbours(services, of: service.id)
        return service.ownPaths(hasScript: hasScript).filter { others.owner(ofPath: $0) == nil }
    }
}
