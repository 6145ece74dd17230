extension ComposeNode {
    /// The document as YAML in plain ASCII, in the narrowest form: block mappings and lists, texts between double quotes
    /// with JSON's escapes and `$` doubled for Compose, numbers and booleans bare. Every reader sees the same.
    func serialized() -> [UInt8] {
        var text: [UInt8] = []
        write(to: &text, indent: 0)
        return text
    }

    /// Writes the node; a collection that is not empty begins on a line of its own.
    private func write(to text: inout [UInt8], indent: Int) {
        switch self {
        case .null: text += "null\n".utf8
        case .boolean(let flag): text += (flag ? "true\n" : "false\n").utf8
        case .number(let number): text += (number + "\n").utf8
        case .text(let string):
            Self.quote(string, doublingDollars: true, to: &text)
            text.append(UInt8(ascii: "\n"))
        case .sequence(let elements):
            if elements.isEmpty { text += "[]\n".utf8 }
            for element in elements {
                text += repeatElement(UInt8(ascii: " "), count: indent)
                text.append(UInt8(ascii: "-"))
                element.writeBehind(to: &text, indent: indent)
            }
        case .mapping(let mapping):
            if mapping.entries.isEmpty { text += "{}\n".utf8 }
            for entry in mapping.entries {
                text += repeatElement(UInt8(ascii: " "), count: indent)
                Self.writeKey(entry.key, to: &text)
                text.append(UInt8(ascii: ":"))
                entry.value.writeBehind(to: &text, indent: indent)
            }
        }
    }

    /// The value behind `-` or `key:`.
    private func writeBehind(to text: inout [UInt8], indent: Int) {
        let isNested = (sequence.map { !$0.isEmpty } ?? false) || (mapping.map { !$0.entries.isEmpty } ?? false)
        text.append(UInt8(ascii: isNested ? "\n" : " "))
        write(to: &text, indent: indent + 2)
    }

    /// A key is bare when it can be nothing but a text.
    private static func writeKey(_ key: String, to text: inout [UInt8]) {
        let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        let isBare =
            ASCII.matches(key, longest: 120, first: ASCII.isLetter) { byte in
                ASCII.isAlphanumeric(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            } && !words.contains(ASCII.lowercased(key))
        if isBare { text += key.utf8 } else { quote(key, doublingDollars: false, to: &text) }
    }

    private static func quote(_ string: String, doublingDollars: Bool, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\"".utf8
            case "\\": text += "\\\\".utf8
            case "\n": text += "\\n".utf8
            case "\t": text += "\\t".utf8
            case "$" where doublingDollars: text += "$$".utf8
            case " "..."~": text.append(UInt8(truncatingIfNeeded: scalar.value))
            default:
                let digits = String(scalar.value, radix: 16)
                let (letter, width) = scalar.value < 0x1_0000 ? ("u", 4) : ("U", 8)
                text += ("\\" + letter + String(repeating: "0", count: width - digits.count) + digits).utf8
            }
        }
        text.append(UInt8(ascii: "\""))
    }
}
