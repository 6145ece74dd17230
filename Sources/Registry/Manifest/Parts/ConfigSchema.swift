/// The fields the admin can configure, in the manifest's order, which is that of the settings form.
public struct ConfigSchema: Sendable, Equatable {
    /// The fields, each key once.
    public let fields: [ConfigField]

    init(fields: [ConfigField]) {
        self.fields = fields
    }

    init?(_ field: Field) {
        guard let members = field.members else { return nil }
        fields = members.compactMap { ConfigField(key: $0.key, $0.field) }
    }

    /// The field of that name, or nil.
    public subscript(key: String) -> ConfigField? {
        fields.first { $0.key == key }
    }
}

extension ConfigSchema: Encodable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) {
            self.stringValue = stringValue
        }

        init?(intValue: Int) {
            return nil
        }
    }

    /// Writes an object with a member per field; throws what the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        for field in fields {
            try container.encode(field, forKey: Key(stringValue: field.key))
        }
    }
}
