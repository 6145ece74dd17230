internal import Archive
internal import Registry

/// What the cell's common files hold of its services: leases, secrets, configuration.
struct ServiceBooks {
    let cell: Cell

    private static let leasesPlace: RelativePath = "data/ip_leases.json"
    private static let secretsPlace: RelativePath = "data/service_secrets.json"

    func leases() throws -> AddressLeases { try AddressLeases(of: cell.layout) }

    /// - Throws: ``ArchiveError`` for a file that is a link, or that others can read.
    func secrets() throws -> ServiceSecrets {
        let bytes: [UInt8]
        do throws(ArchiveError) {
            bytes = try cell.root.readSecret(Self.secretsPlace, limit: ServiceSecrets.sizeLimit)
        } catch {
            guard error.code == .notFound else { throw error }
            return ServiceSecrets()
        }
        return try ServiceSecrets(parsing: bytes)
    }

    func write(_ leases: AddressLeases) throws {
        guard try leases != self.leases() else { return }
        _ = try cell.root.createDirectories("data", mode: 0o755)
        try cell.root.writeAtomically(Self.leasesPlace, leases.serialized(), mode: 0o644)
    }

    func write(_ secrets: ServiceSecrets) throws {
        guard try secrets != self.secrets() else { return }
        _ = try cell.root.createDirectories("data", mode: 0o755)
        try cell.root.writeAtomically(Self.secretsPlace, secrets.serialized(), mode: 0o600)
    }

    /// Writes down how everything of a service stands.
    func note(in change: inout ServiceChange, _ id: ServiceID) throws {
        change.leases = try leases().written(for: id).map { String(decoding: $0.serialized(), as: UTF8.self) }
        change.config = try CellConfig(of: cell.layout).writtenConfig(of: id).map {
            String(decoding: $0.serialized(), as: UTF8.self)
        }
        change.secrets = try secrets().names(of: id)
    }

    /// Puts everything back as it was noted.
    func restore(_ change: ServiceChange, _ id: ServiceID) throws {
        func read(_ text: String?) throws -> JSONValue? {
            try text.map { try JSONValue(parsing: Array($0.utf8), file: "the journal of run \(change.run)") }
        }
        var leases = try leases()
        leases.restore(try read(change.leases), for: id)
        try write(leases)
        var secrets = try secrets()
        secrets.keep(change.secrets, of: id)
        try write(secrets)
        let config = try read(change.config)
        try CellConfigFile.update(cell) { $0.settingWrittenConfig(config, of: id) }
    }

    /// Gives the addresses back; with `purging` secrets, configuration and credentials go, too.
    func release(_ id: ServiceID, purging: Bool) throws {
        var leases = try leases()
        leases.release(id)
        try write(leases)
        guard purging else { return }
        var secrets = try secrets()
        secrets.remove(id)
        try write(secrets)
        try CellConfigFile.update(cell) { $0.removing(id) }
        try AccountBook.forget(id, in: cell)
    }
}
