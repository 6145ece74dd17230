/// A value of a configuration field.
public enum ConfigValue: Sendable, Hashable {
    case string(String)
    case integer(Int)
    case boolean(Bool)

    init?(_ field: Field) {
        switch field.value {
        case .string(let text)?: self = .string(text)
        case .bool(let flag)?: self = .boolean(flag)
        default:
            guard let number = field.value?.integer else {
                field.wrongKind("a string, a whole number or a boolean")
                return nil
            }
            self = .integer(number)
        }
    }
}

extension ConfigValue: Encodable {
    /// Writes the bare value; throws what the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let text): try container.encode(text)
        case .integer(let number): try container.encode(number)
        case .boolean(let flag): try container.encode(flag)
        }
    }
}
