/// A scalar for an error line: control characters, line separators and direction overrides become `\u{…}`.
func shown(_ scalar: Unicode.Scalar) -> String {
    switch scalar.value {
    case 0..<0x20, 0x7f..<0xa0, 0x61c, 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x2069, 0xfeff:
        "\\u{" + String(scalar.value, radix: 16) + "}"
    default:
        String(scalar)
    }
}

/// Text between double quotes for an error line: safe for a terminal, one line, at most 80 scalars.
func quoted(_ text: String) -> String {
    var result = "\""
    var left = 80
    for scalar in text.unicodeScalars {
        if left == 0 {
            result += "…"
            break
        }
        left -= 1
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        default: result += shown(scalar)
        }
    }
    return result + "\""
}
