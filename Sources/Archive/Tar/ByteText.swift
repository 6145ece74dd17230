/// Shows bytes that came from an archive without letting them act on a terminal.
public enum ByteText {
    /// Printable UTF-8 stays; control characters, `"`, `\`, bidirectional controls and bytes that are no UTF-8 become
    /// `\n`, `\t`, `\"`, `\\` or `\xNN`. The result is cut after `limit` bytes of input, marked with `…`.
    public static func escape(_ bytes: some Collection<UInt8>, limit: Int = 512) -> String {
        var text = ""
        var rest = Array(bytes.prefix(limit))[...]
        while let first = rest.first {
            if first < 0x80 {
                text += escapeASCII(first)
                rest = rest.dropFirst()
                continue
            }
            var decoder = UTF8()
            var iterator = rest.prefix(4).makeIterator()
            if case .scalarValue(let scalar) = decoder.decode(&iterator), isHarmless(scalar) {
                text.unicodeScalars.append(scalar)
                rest = rest.dropFirst(UTF8.width(scalar))
            } else {
                text += "\\x" + Hex.encode([first])
                rest = rest.dropFirst()
            }
        }
        return bytes.count > limit ? text + "…" : text
    }

    private static func escapeASCII(_ byte: UInt8) -> String {
        switch byte {
        case 0x0A: "\\n"
        case 0x09: "\\t"
        case 0x0D: "\\r"
        case 0x22: "\\\""
        case 0x5C: "\\\\"
        case 0x20..<0x7F: String(UnicodeScalar(byte))
        default: "\\x" + Hex.encode([byte])
        }
    }

    /// C1 controls, separators, zero-width and bidirectional controls could reorder or hide text on a terminal.
    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: false
        default: true
        }
    }
}
