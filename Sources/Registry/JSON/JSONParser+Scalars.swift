extension JSONParser {
    /// The string whose opening quote is at the reading position.
    mutating func string() throws(JSONSyntaxError) -> String {
        position += 1
        let start = position
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
            position += 1
        }
        if current == UInt8(ascii: "\"") {
            position += 1
            return String(decoding: bytes[start..<position - 1], as: UTF8.self)
        }
        var text = Array(bytes[start..<position])
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                text.append(contentsOf: String(try escape()).utf8)
            case 0:
                throw fault("a NUL byte in a string", rule: "json.nul")
            case ..<0x20:
                throw fault("a control character in a string; write it as \\n, \\t or \\u00XX")
            default:
                text.append(byte)
                position += 1
            }
        }
        throw fault("the file ends inside a string")
    }

    private mutating func escape() throws(JSONSyntaxError) -> Unicode.Scalar {
        let start = position
        position += 1
        guard let letter = current else { throw fault("the file ends inside a string") }
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default: throw fault("an escape that JSON does not have", at: start)
        }
        let first = UInt32(try hexDigits(start))
        guard first != 0 else { throw fault("an escaped NUL in a string", rule: "json.nul", at: start) }
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xdc00, current == UInt8(ascii: "\\"), position + 1 < bytes.count,
            bytes[position + 1] == UInt8(ascii: "u")
        else { throw fault("half of a surrogate pair", at: start) }
        position += 2
        let second = UInt32(try hexDigits(start))
        guard (0xdc00...0xdfff).contains(second),
            let scalar = Unicode.Scalar(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
        else { throw fault("half of a surrogate pair", at: start) }
        return scalar
    }

    private mutating func hexDigits(_ start: Int) throws(JSONSyntaxError) -> UInt16 {
        var number: UInt16 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch current {
            case (let byte?) where ASCII.isDigit(byte): digit = byte - UInt8(ascii: "0")
            case (let byte?) where ASCII.isLetter(byte) && (byte | 0x20) <= UInt8(ascii: "f"):
                digit = (byte | 0x20) - UInt8(ascii: "a") + 10
            default: throw fault("\\u needs four hexadecimal digits", at: start)
            }
            number = number << 4 | UInt16(digit)
            position += 1
        }
        return number
    }

    /// The number at the reading position, as its own text.
    mutating func number() throws(JSONSyntaxError) -> String {
        let start = position
        if current == UInt8(ascii: "-") { position += 1 }
        if current == UInt8(ascii: "0") {
            position += 1
            if let byte = current, ASCII.isDigit(byte) { throw fault("a number with a leading zero", at: start) }
        } else {
            try digits()
        }
        if current == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func digits() throws(JSONSyntaxError) {
        guard let byte = current, ASCII.isDigit(byte) else { throw expected("a digit") }
        while let byte = current, ASCII.isDigit(byte) { position += 1 }
    }

    /// Refuses bytes that are not UTF-8, at the first offending one, and a byte order mark.
    static func checkUTF8(_ bytes: [UInt8]) throws(JSONSyntaxError) {
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) {
            throw JSONSyntaxError(
                "the file starts with a byte order mark; save it without one", rule: "json.encoding", at: 0, in: bytes)
        }
        guard String(validating: bytes, as: UTF8.self) == nil else { return }
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) { offset += UTF8.width(scalar) }
        throw JSONSyntaxError("the text is not UTF-8", rule: "json.encoding", at: offset, in: bytes)
    }
}
