internal import Yams

/// What all readers of YAML do first: bounds on size, aliases and depth, and one sentence for what is no YAML.
enum YAMLSyntax {
    /// Why a file is not read; half a sentence.
    struct Fault: Error {
        let message: String
    }

    /// Nested aliases grow exponentially while they are read, so that many of them are refused before.
    private static let aliasesRead = 16

    /// Hands the document's root to `body`; nil for an empty file.
    ///
    /// - Parameter limit: the largest file, in bytes.
    static func read<Value>(_ bytes: [UInt8], limit: Int, _ body: (Node?) -> Value) throws(Fault) -> Value {
        guard bytes.count <= limit else { throw Fault(message: "is larger than \(limit >> 10) KiB") }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Fault(message: "is not UTF-8; save it as UTF-8")
        }
        guard count("*", in: bytes) <= aliasesRead || count("&", in: bytes) == 0 else {
            throw Fault(message: "uses anchors and aliases; write every value out")
        }
        do {
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            let root = try parser.singleRoot()
            // An anchor is known as long as the parser lives.
            return withExtendedLifetime(parser) { body(root) }
        } catch let error as YamlError {
            throw Fault(message: error.inOneLine)
        } catch {
            throw Fault(message: "is no YAML: \(error)")
        }
    }

    /// How often the sign stands where an anchor or alias could begin, before a name.
    private static func count(_ sign: Unicode.Scalar, in bytes: [UInt8]) -> Int {
        let sign = UInt8(ascii: sign)
        let before = Set(" \t\r\n[{,:?-".utf8)
        return bytes.indices.count { index in
            bytes[index] == sign && (index == 0 || before.contains(bytes[index - 1]))
                && index + 1 < bytes.count && bytes[index + 1] > 0x20
        }
    }
}

extension YamlError {
    /// Place and reason, without the lines of the file.
    fileprivate var inOneLine: String {
        switch self {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "is no YAML: line \(mark.line), column \(mark.column): \(problem)"
        case .reader(let problem, _, _, _): "is no YAML: \(problem)"
        case .duplicatedKeysInMapping(let keys, let context):
            "line \(context.mark.line): the key \(quoted(keys.first ?? "")) stands twice in one mapping; remove one"
        default: "is no YAML that can be read"
        }
    }
}
