/// What a service's configuration amounts to: the admin's saved values, and the manifest's defaults for the rest. Every
/// value has its field's type and lies within its bounds.
public struct MergedConfig: Sendable, Equatable {
    /// The fields in the manifest's order, each with its value; nil for an optional one that has none.
    public let entries: [Entry]

    /// One field and what it has come to.
    public struct Entry: Sendable, Equatable {
        /// The field as the manifest declares it.
        public let field: ConfigField
        /// Its value; nil for an optional field without a default that the admin has not set.
        public let value: ConfigValue?
        /// Whether the admin has set it; false for a default.
        public let isSaved: Bool
    }

    /// Merges a service's declared fields with what the admin has saved.
    ///
    /// A saved value that the schema does not declare is left alone: a later version of the service may want it again.
    /// - Throws: `RegistryError` with code `.configuration` and all faults: a value of the wrong type, one out of
    ///   bounds (the bound is named), a required field without a value.
    public init(_ manifest: Manifest, saved: [String: ConfigValue]) throws(RegistryError) {
        var faults: [Fault] = []
        entries = manifest.configSchema.fields.map { field in
            let set = saved[field.key]
            let value = set ?? field.default
            if let message = field.refusal(of: value) {
                let remedy =
                    "set it with picjobs service config \(manifest.id) \(field.key)=VALUE (--set while it is installed "
                    + "or updated)"
                let place = JSONPointer(["services", manifest.id.rawValue, "config", field.key].map { .key($0) })
                let blame = set == nil && value != nil ? "the manifest's default \(message)" : message
                faults.append(Fault(file: "config/cell_config.json", pointer: place, "\(blame); \(remedy)"))
            }
            return Entry(field: field, value: value, isSaved: set != nil)
        }
        guard faults.isEmpty else { throw RegistryError(.configuration, faults: faults) }
    }

    /// The value of a field; nil when there is no such field or it has none.
    public subscript(key: String) -> ConfigValue? {
        entries.first { $0.field.key == key }?.value
    }

    /// What `${PIC_CFG_<name>}` stands for.
    enum Lookup: Equatable {
        case value(String)
        /// The field exists and has no value.
        case unset(key: String)
        case unknown
        /// Several keys have this name in capital letters.
        case ambiguous([String])
    }

    /// Finds a field by its key in capital letters.
    func lookup(_ name: String) -> Lookup {
        let found = entries.filter { ASCII.uppercased($0.field.key) == name }
        guard let entry = found.first else { return .unknown }
        guard found.count == 1 else { return .ambiguous(found.map(\.field.key)) }
        return entry.value.map { .value($0.text) } ?? .unset(key: entry.field.key)
    }
}

extension ASCII {
    /// The text with a–z as A–Z; other bytes stay.
    static func uppercased(_ text: String) -> String {
        String(decoding: text.utf8.map { isLower($0) ? $0 & 0xdf : $0 }, as: UTF8.self)
    }
}
