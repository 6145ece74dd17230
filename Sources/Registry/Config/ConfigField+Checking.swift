extension ConfigField {
    /// The longest text that a field takes, in bytes; it must fit into one environment variable.
    public static let longestText = 64 << 10

    /// Why the field can't have this value, to follow its name; nil when it can.
    func refusal(of value: ConfigValue?) -> String? {
        switch (type, value) {
        case (_, nil): required ? "has no value, but the service needs one (\(quoted(label)))" : nil
        case (.string, .string(let text)?): refusal(of: text)
        case (.integer, .integer(let number)?): refusal(of: number)
        case (.boolean, .boolean?): nil
        case (_, let value?): "is \(value.kind), must be \(type.inWords)"
        }
    }

    private func refusal(of text: String) -> String? {
        if required, text.isEmpty { return "is empty, but the service needs a value (\(quoted(label)))" }
        if text.utf8.count > Self.longestText { return "has \(text.utf8.count) bytes; at most 65536 are allowed" }
        return text.utf8.contains(0) ? "holds a NUL byte, which no environment variable can" : nil
    }

    private func refusal(of number: Int) -> String? {
        if let min, number < min { return "is \(number), must be at least \(min)" }
        if let max, number > max { return "is \(number), must be at most \(max)" }
        return nil
    }

    /// The value that a text on a command line stands for; nil when it is none of the field's type.
    func value(of text: String) -> ConfigValue? {
        switch type {
        case .string: return .string(text)
        case .boolean: return text == "true" ? .boolean(true) : text == "false" ? .boolean(false) : nil
        case .integer:
            // Bytes, because `Int` also takes "+5".
            let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
            guard !digits.isEmpty, digits.allSatisfy(ASCII.isDigit) else { return nil }
            return Int(text).map { .integer($0) }
        }
    }
}

extension ConfigField.ValueType {
    /// What a value must be, with its article.
    var inWords: String {
        switch self {
        case .string: "a text"
        case .integer: "a whole number"
        case .boolean: "true or false"
        }
    }
}

extension ConfigValue {
    /// The value as `${PIC_CFG_…}` and `{config.…}` have it: a text as it is, a number in decimal, `true` or `false`.
    public var text: String {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        case .boolean(let flag): flag ? "true" : "false"
        }
    }

    /// The value as it stands in a JSON document.
    var json: JSONValue {
        switch self {
        case .string(let text): .string(text)
        case .integer(let number): .number(String(number))
        case .boolean(let flag): .bool(flag)
        }
    }

    /// The kind in words, with its article.
    var kind: String {
        switch self {
        case .string: "a text"
        case .integer: "a number"
        case .boolean: "a boolean"
        }
    }
}
