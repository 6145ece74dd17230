internal import SystemPackage

/// `config/cell_config.json`: the cell's identity and the admin's choices per service. Other programs keep keys of their
/// own there, so the whole document is kept and written back with its order and its unknown keys.
public struct CellConfig: Sendable, Equatable {
    /// The whole document, always an object.
    public let document: JSONObject
    /// Who the cell is.
    public let identity: CellIdentity
    private let settings: [String: ServiceSettings]

    /// The largest file that is read, in bytes.
    public static let sizeLimit = 16 << 20

    /// A cell without a configuration.
    public init() {
        document = JSONObject()
        identity = CellIdentity()
        settings = [:]
    }

    /// Reads the file's bytes; `file` names them in messages.
    /// - Throws: `RegistryError` with code `.configuration` and all faults.
    public init(parsing bytes: [UInt8], file: String = "config/cell_config.json") throws(RegistryError) {
        let (document, parts) = try JSONParser.document(bytes, file: file) { root in
            guard root.isObject else { return (CellIdentity(), [String: ServiceSettings]()) }
            return (
                root["identity"].optional(CellIdentity.init) ?? CellIdentity(),
                root["services"].optional(Self.settings) ?? [:]
            )
        }
        self.document = document
        (identity, settings) = parts
    }

    /// Reads the cell's file; a file or directory that does not exist is an empty configuration, not an error.
    /// - Throws: `RegistryError` with code `.configuration`, also for a link or anything else that is no regular file.
    public init(of layout: CellLayout) throws(RegistryError) {
        guard let bytes = try layout.readJSON(layout.cellConfig, limit: Self.sizeLimit) else {
            self.init()
            return
        }
        try self.init(parsing: bytes, file: layout.relative(layout.cellConfig).string)
    }

    private static func settings(_ field: Field) -> [String: ServiceSettings]? {
        guard let members = field.members else { return nil }
        var settings: [String: ServiceSettings] = [:]
        for (id, member) in members { settings[id] = member.optional(ServiceSettings.init) }
        return settings
    }

    /// The document with another exit for a service; all else stays as it is.
    public func setting(exit: Exit, for id: ServiceID) -> JSONObject {
        changing(id) { $0["egress"] = .string(exit.rawValue) }
    }

    /// The document with a change of what stands there for one service.
    func changing(_ id: ServiceID, _ change: (inout JSONObject) -> Void) -> JSONObject {
        var services = document["services"]?.object ?? JSONObject()
        var service = services[id.rawValue]?.object ?? JSONObject()
        change(&service)
        services[id.rawValue] = service.members.isEmpty ? nil : .object(service)
        var changed = document
        changed["services"] = .object(services)
        return changed
    }

    /// What the admin has set for a service; empty when nothing is.
    public func service(_ id: ServiceID) -> ServiceSettings {
        settings[id.rawValue] ?? ServiceSettings()
    }
}
