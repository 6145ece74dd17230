internal import Archive
public import Registry

/// The configuration of an installed service (guide, section 2, `config_schema`).
public struct ServiceConfiguration: Sendable {
    private let cell: Cell
    /// The service.
    public let manifest: Manifest

    /// - Throws: ``RunError`` when the service is not installed.
    public init(_ service: String, in cell: Cell) throws {
        self.cell = cell
        manifest = try ServiceRegistry(loading: cell.layout).named(service)
    }

    /// What it amounts to now: the admin's values, and defaults for the rest.
    /// - Throws: `RegistryError` `.configuration` with every value that is missing or may not be.
    public func merged() throws -> MergedConfig {
        try MergedConfig(manifest, saved: try CellConfig(of: cell.layout).service(manifest.id).config)
    }

    /// Saves values, all or none. They take effect with `service reconfigure`.
    ///
    /// - Parameters:
    ///   - words: `KEY=VALUE`.
    ///   - unset: keys whose defaults are to hold again.
    ///   - isDryRun: only checks them.
    /// - Throws: `RegistryError` `.configuration` for a value of the wrong type or out of bounds (the bound is named), an
    ///   unknown key, or a required one that would have no value.
    public func save(_ words: [String], unset: [String] = [], isDryRun: Bool = false) throws {
        let assignments = try ConfigAssignment.parse(words, for: manifest)
        for key in unset where manifest.configSchema[key] == nil {
            throw RunError(.configuration, "\(key) is no field of the configuration of \(manifest.id)")
        }
        let id = manifest.id
        func changed(_ config: CellConfig) throws -> JSONObject {
            let with = try CellConfig(parsing: JSONValue.object(config.setting(assignments, for: id)).serialized())
            let without = with.unsetting(unset, for: id)
            let saved = try CellConfig(parsing: JSONValue.object(without).serialized()).service(id).config
            _ = try MergedConfig(manifest, saved: saved)
            return without
        }
        if isDryRun {
            _ = try changed(try CellConfig(of: cell.layout))
        } else {
            try CellConfigFile.update(cell, changed)
        }
    }
}
