/// A JSON document as it was written: members keep their order and numbers keep their text, so that writing back
/// loses nothing we do not know.
public enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// The number's own text, e.g. `8080` or `1e3`; see ``integer``.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// The value as a whole number; nil for fractions, exponents, other kinds and numbers beyond 64 bits.
    public var integer: Int? {
        guard case .number(let text) = self else { return nil }
        return Int(text)
    }

    /// The value as text; nil for other kinds.
    public var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The value as an object; nil for other kinds.
    public var object: JSONObject? {
        guard case .object(let object) = self else { return nil }
        return object
    }

    /// The kind in words, with its article, for error sentences.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
