/// One field that the admin can configure.
public struct ConfigField: Sendable, Encodable, Equatable {
    /// The type of a field's value.
    public enum ValueType: String, Sendable, Codable, CaseIterable {
        case string, integer, boolean
    }

    /// The field's name; `port` becomes `${PIC_CFG_PORT}` in templates.
    public let key: String
    /// What kind of value the field takes.
    public let type: ValueType
    /// The label of the settings form.
    public let label: String
    /// Whether the service can't start without a value.
    public let required: Bool
    /// The value while the admin has set none.
    public let `default`: ConfigValue?
    /// The lowest integer, itself allowed.
    public let min: Int?
    /// The highest integer, itself allowed.
    public let max: Int?

    /// The key is the name of the member that holds the rest.
    enum CodingKeys: String, CodingKey {
        case type, label, required, `default`, min, max
    }

    init?(key: String, _ field: Field) {
        guard field.isObject else { return nil }
        let type = field["type"].required("\"string\", \"integer\" or \"boolean\"") {
            $0.choice(ValueType.self, rule: "config_schema.type")
        }
        let label = field["label"].required("the label of the settings form") { $0.string() }
        required = field["required"].optional { $0.boolean() } ?? false
        `default` = field["default"].optional(ConfigValue.init)
        min = field["min"].optional { $0.integer() }
        max = field["max"].optional { $0.integer() }
        guard let type, let label else { return nil }
        self.key = key
        self.type = type
        self.label = label
    }
}
