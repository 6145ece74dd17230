extension JSONValue {
    /// The document's bytes, indented by two spaces and ended by a newline; members keep their order.
    public func serialized() -> [UInt8] {
        var text: [UInt8] = []
        write(to: &text, indent: 0)
        text.append(UInt8(ascii: "\n"))
        return text
    }

    private func write(to text: inout [UInt8], indent: Int) {
        switch self {
        case .null: text.append(contentsOf: "null".utf8)
        case .bool(let flag): text.append(contentsOf: (flag ? "true" : "false").utf8)
        case .number(let number): text.append(contentsOf: number.utf8)
        case .string(let string): Self.write(string, to: &text)
        case .array(let elements):
            Self.write(elements, between: "[]", to: &text, indent: indent) { element, text in
                element.write(to: &text, indent: indent + 2)
            }
        case .object(let object):
            Self.write(object.members, between: "{}", to: &text, indent: indent) { member, text in
                Self.write(member.key, to: &text)
                text.append(contentsOf: ": ".utf8)
                member.value.write(to: &text, indent: indent + 2)
            }
        }
    }

    private static func write<Element>(
        _ elements: [Element], between brackets: StaticString, to text: inout [UInt8], indent: Int,
        each: (Element, inout [UInt8]) -> Void
    ) {
        let brackets = Array(brackets.description.utf8)
        text.append(brackets[0])
        for (index, element) in elements.enumerated() {
            text.append(contentsOf: (index == 0 ? "\n" : ",\n").utf8)
            text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent + 2))
            each(element, &text)
        }
        if !elements.isEmpty {
            text.append(UInt8(ascii: "\n"))
            text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent))
        }
        text.append(brackets[1])
    }

    private static func write(_ string: String, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""): text.append(contentsOf: "\\\"".utf8)
            case UInt8(ascii: "\\"): text.append(contentsOf: "\\\\".utf8)
            case UInt8(ascii: "\n"): text.append(contentsOf: "\\n".utf8)
            case UInt8(ascii: "\t"): text.append(contentsOf: "\\t".utf8)
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                text.append(contentsOf: ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
            default: text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
    }
}
