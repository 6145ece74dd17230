/// Names are bytes; this is their one reversible text form for logs, JSON and errors.
///
/// Printable UTF-8 stands for itself. A backslash becomes `\\`, newline, tab and carriage return become `\n`, `\t`, `\r`,
/// and every byte of anything else (controls, invisible and direction-changing characters, invalid UTF-8) `\xHH`.
public enum EscapedName {
    /// The escaped text; two different byte strings never share one.
    public static func encode(_ bytes: [UInt8]) -> String {
        var text = ""
        var parser = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        var position = 0
        while true {
            switch parser.parseScalar(from: &iterator) {
            case .valid(let encoded):
                let end = position + encoded.count
                append(Unicode.UTF8.decode(encoded), bytes[position..<end], to: &text)
                position = end
            case .error(let length):
                for byte in bytes[position..<position + length] { append(byte, to: &text) }
                position += length
            case .emptyInput:
                return text
            }
        }
    }

    /// The bytes that `encode` made `text` from; nil when a backslash is not followed by a known escape.
    public static func decode(_ text: String) -> [UInt8]? {
        let input = Array(text.utf8)
        var bytes: [UInt8] = []
        var index = 0
        while index < input.count {
            guard input[index] == UInt8(ascii: "\\") else {
                bytes.append(input[index])
                index += 1
                continue
            }
            guard index + 1 < input.count else { return nil }
            switch input[index + 1] {
            case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "n"): bytes.append(10)
            case UInt8(ascii: "t"): bytes.append(9)
            case UInt8(ascii: "r"): bytes.append(13)
            case UInt8(ascii: "x"):
                guard index + 3 < input.count,
                    let byte = Hex.decode(String(decoding: input[index + 2...index + 3], as: UTF8.self))
                else { return nil }
                bytes += byte
                index += 2
            default: return nil
            }
            index += 2
        }
        return bytes
    }

    private static func append(_ scalar: Unicode.Scalar, _ bytes: ArraySlice<UInt8>, to text: inout String) {
        switch scalar {
        case "\\": text += #"\\"#
        case "\n": text += #"\n"#
        case "\t": text += #"\t"#
        case "\r": text += #"\r"#
        default:
            if isPrintable(scalar) {
                text.unicodeScalars.append(scalar)
            } else {
                for byte in bytes { append(byte, to: &text) }
            }
        }
    }

    private static func append(_ byte: UInt8, to text: inout String) {
        text += #"\x"# + Hex.encode(CollectionOfOne(byte))
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value >= 0x20 && scalar.value < 0x7f }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            return false
        default: return true
        }
    }
}
