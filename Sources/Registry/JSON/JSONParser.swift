/// Reads one strict RFC 8259 document: valid UTF-8, no NUL (raw or escaped), no duplicate keys, no lone surrogates,
/// nothing after the value. Lenient readers disagree about all of these, so a file with one is refused whole.
struct JSONParser {
    let bytes: [UInt8]
    let deepest: Int
    var position = 0
    var path: [JSONPointer.Step] = []

    /// Parses a whole file, nested at most `deepest` arrays and objects deep.
    static func parse(_ bytes: [UInt8], deepest: Int = 64) throws(JSONSyntaxError) -> JSONValue {
        try checkUTF8(bytes)
        var parser = JSONParser(bytes: bytes, deepest: deepest)
        parser.skipSpace()
        let value = try parser.value()
        parser.skipSpace()
        guard parser.position == bytes.count else { throw parser.fault("something follows the end of the document") }
        return value
    }

    /// The byte at the reading position; nil at the end.
    var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    func fault(_ reason: String, rule: RuleID = "json.syntax", at offset: Int? = nil) -> JSONSyntaxError {
        JSONSyntaxError(reason, rule: rule, at: offset ?? position, in: bytes, pointer: JSONPointer(path))
    }

    /// `expected …, found "x"`, or that the file ends here.
    func expected(_ what: String) -> JSONSyntaxError {
        guard let byte = current else { return fault("the file ends here; expected \(what)") }
        guard byte != 0 else { return fault("a NUL byte; expected \(what)", rule: "json.nul") }
        guard byte < 0x80 else { return fault("expected \(what)") }
        return fault("expected \(what), found \(quoted(String(Unicode.Scalar(byte))))")
    }

    mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return
            }
        }
    }

    /// The value at the reading position, which is not white space.
    mutating func value() throws(JSONSyntaxError) -> JSONValue {
        switch current {
        case UInt8(ascii: "{"): return .object(try object())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "\""): return .string(try string())
        case (let byte?) where byte == UInt8(ascii: "-") || ASCII.isDigit(byte): return .number(try number())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: throw expected("a value")
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
        let start = position
        let text = word.description
        for byte in text.utf8 {
            guard current == byte else { throw fault("expected a value (is this \(text)?)", at: start) }
            position += 1
        }
        return value
    }

    private mutating func enter() throws(JSONSyntaxError) {
        guard path.count < deepest else { throw fault("nested deeper than \(deepest) levels", rule: "json.depth") }
        position += 1
        skipSpace()
    }

    private mutating func object() throws(JSONSyntaxError) -> JSONObject {
        try enter()
        var object = JSONObject()
        // Swift compares canonically: "é" and "e\u{301}" count as one key, because a look-up would not tell them apart.
        var seen: Set<String> = []
        if current == UInt8(ascii: "}") {
            position += 1
            return object
        }
        while true {
            guard current == UInt8(ascii: "\"") else { throw expected("a key in double quotes") }
            let start = position
            let key = try string()
            guard seen.insert(key).inserted else {
                throw fault("the key \(quoted(key)) stands here twice", rule: "json.duplicate", at: start)
            }
            path.append(.key(key))
            skipSpace()
            guard current == UInt8(ascii: ":") else { throw expected("\":\" after a key") }
            position += 1
            skipSpace()
            object.append(unique: key, try value())
            path.removeLast()
            if try ended(by: UInt8(ascii: "}"), "\",\" or \"}\" after a value") { return object }
        }
    }

    private mutating func array() throws(JSONSyntaxError) -> [JSONValue] {
        try enter()
        var array: [JSONValue] = []
        if current == UInt8(ascii: "]") {
            position += 1
            return array
        }
        while true {
            path.append(.index(array.count))
            array.append(try value())
            path.removeLast()
            if try ended(by: UInt8(ascii: "]"), "\",\" or \"]\" after a value") { return array }
        }
    }

    /// After a value: true at the closing bracket, false behind a comma.
    private mutating func ended(by bracket: UInt8, _ what: String) throws(JSONSyntaxError) -> Bool {
        skipSpace()
        guard let byte = current, byte == bracket || byte == UInt8(ascii: ",") else { throw expected(what) }
        position += 1
        if byte == bracket { return true }
        skipSpace()
        return false
    }
}
