extension Rule {
    /// `config_schema`.
    static let config: [Rule] = [
        Rule(
            "config_schema.key", "3",
            "The key of a field matches `^[A-Za-z][A-Za-z0-9_]{0,62}$`; `port` becomes `${PIC_CFG_PORT}`.",
            remedy: "use a letter, then letters, digits and \"_\""
        ) { check in
            for (key, field) in check["config_schema"].entries where !StoreName.isKey(key) {
                field.fault(quoting: key, "can't become a variable of the Compose template")
            }
        },
        Rule(
            "config_schema.key.repeated", "3",
            "No two keys are equal without regard to case: their variable is the same.",
            remedy: "rename one of the two"
        ) { check in
            var first: [String: String] = [:]
            for (key, field) in check["config_schema"].entries {
                if let earlier = first.updateValue(key, forKey: ASCII.lowercased(key)) {
                    field.fault(quoting: key, "and \(quoted(earlier)) become the same variable of the Compose template")
                }
            }
        },
        Rule(
            reading: "config_schema.type", "2", "The `type` of a field is `string`, `integer` or `boolean`.",
            remedy: "choose one of the three types"),
        Rule(
            "config_schema.bounds.type", "2", "Only integer fields have `min` and `max`.",
            remedy: "remove the bound, or make the field an integer"
        ) { check in
            for (_, field) in check["config_schema"].entries {
                guard let type = field["type"].text, type == "string" || type == "boolean" else { continue }
                for bound in ["min", "max"] where field[bound].number != nil {
                    field[bound].fault("is a bound of a field that is \(kinds[type] ?? type)")
                }
            }
        },
        Rule(
            "config_schema.bounds.order", "2", "`min` is not above `max`.", remedy: "exchange the two bounds"
        ) { check in
            for (_, field) in check["config_schema"].entries {
                guard let min = field["min"].number, let max = field["max"].number, min > max else { continue }
                field["min"].fault("\(min) is above the highest value, \(max)")
            }
        },
        Rule(
            "config_schema.default.type", "2", "`default` is of the field's type.",
            remedy: "write the default as the field's type"
        ) { check in
            for (_, field) in check["config_schema"].entries {
                guard let type = field["type"].text, let wanted = kinds[type], let value = field["default"].value,
                    let kind = kind(of: value), kind != wanted
                else { continue }
                field["default"].fault("is \(kind), but the field is \(wanted)")
            }
        },
        Rule(
            "config_schema.default.bounds", "2", "`default` is within `min` and `max`, both of them allowed.",
            remedy: "choose a default within the bounds"
        ) { check in
            for (_, field) in check["config_schema"].entries where field["type"].text == "integer" {
                guard let number = field["default"].number else { continue }
                if let min = field["min"].number, number < min {
                    field["default"].fault("\(number) is below the lowest value, \(min)")
                } else if let max = field["max"].number, number > max {
                    field["default"].fault("\(number) is above the highest value, \(max)")
                }
            }
        },
    ]

    /// The types in words.
    private static let kinds = ["string": "a text", "integer": "a whole number", "boolean": "true or false"]

    /// The type of a value in the same words; nil for what no field can be, which the reading refuses.
    private static func kind(of value: JSONValue) -> String? {
        switch value {
        case .string: kinds["string"]
        case .bool: kinds["boolean"]
        case .number: value.integer == nil ? nil : kinds["integer"]
        default: nil
        }
    }
}
