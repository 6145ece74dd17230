internal import Yams

/// Reads the YAML files that a person writes for the program: `config/picjobs.yml` and `jobs/*.yml`.
///
/// Works on the nodes that the parser gives. Anchors, aliases, merge keys, tags and keys that are no simple text are
/// faults, and so is more than a person would write.
public struct YAMLReader {
    private var faults: [String] = []
    private var count = 0

    /// The most scalars, lists and mappings of a file.
    static let largest = 20_000
    /// The deepest nesting.
    static let deepest = 32

    /// Reads a file's bytes.
    ///
    /// - Parameter limit: the largest file, in bytes.
    /// - Returns: the document, nil for an empty one or where nothing can be read, and a sentence for every fault, with
    ///   line and column. What has a fault is left out of the document.
    public static func read(_ bytes: [UInt8], limit: Int = 1 << 20) -> (root: YAMLValue?, faults: [String]) {
        var reader = YAMLReader()
        do throws(YAMLSyntax.Fault) {
            let root = try YAMLSyntax.read(bytes, limit: limit) { root in root.flatMap { reader.value($0, 0) } }
            return (root, reader.faults)
        } catch {
            return (nil, [error.message])
        }
    }

    private mutating func refuse(_ node: Node, _ sentence: String) {
        let place = node.mark.map { "line \($0.line), column \($0.column): " } ?? ""
        // A file that is wrong from end to end is known to be so soon.
        if faults.count < 50 { faults.append(place + sentence) }
    }

    private mutating func value(_ node: Node, _ depth: Int) -> YAMLValue? {
        count += 1
        guard depth <= Self.deepest, count <= Self.largest else {
            if count <= Self.largest { refuse(node, "is nested deeper than \(Self.deepest) levels") }
            if count == Self.largest + 1 { refuse(node, "more than \(Self.largest) values stand before this one") }
            return nil
        }
        guard node.anchor == nil else {
            refuse(node, "anchors and aliases are not allowed; write every value out")
            return nil
        }
        let kind: YAMLValue.Kind
        switch node {
        case .scalar(let scalar):
            guard isUntagged(node, scalar.tag, .str) else { return nil }
            kind = scalar.style == .plain ? Self.plain(scalar.string) : .text(scalar.string)
        case .sequence(let sequence):
            guard isUntagged(node, sequence.tag, .seq) else { return nil }
            kind = .list(sequence.compactMap { value($0, depth + 1) })
        case .mapping(let mapping):
            guard isUntagged(node, mapping.tag, .map) else { return nil }
            kind = .mapping(members(mapping, depth))
        case .alias:
            refuse(node, "anchors and aliases are not allowed; write every value out")
            return nil
        }
        return YAMLValue(kind: kind, line: node.mark?.line ?? 0, column: node.mark?.column ?? 0)
    }

    private mutating func members(_ mapping: Node.Mapping, _ depth: Int) -> [YAMLMember] {
        var members: [YAMLMember] = []
        var seen: Set<String> = []
        for (key, node) in mapping {
            guard case .scalar(let scalar) = key, key.anchor == nil, Self.isUsual(scalar.tag, .str) else {
                refuse(key, "a key must be a simple text; quote what stands in braces or brackets")
                continue
            }
            guard scalar.string != "<<" else {
                refuse(key, "merge keys are not allowed; write every value out")
                continue
            }
            guard seen.insert(scalar.string).inserted else {
                refuse(key, "the key \(quoted(scalar.string)) stands here twice; remove one")
                continue
            }
            if let value = value(node, depth + 1) { members.append(YAMLMember(key: scalar.string, value: value)) }
        }
        return members
    }

    /// `!!str` and the like say what is already so; any other tag is refused.
    private mutating func isUntagged(_ node: Node, _ tag: Tag, _ usual: Tag.Name) -> Bool {
        if Self.isUsual(tag, usual) { return true }
        refuse(node, "has the tag \(quoted(tag.rawValue)); tags are not allowed")
        return false
    }

    /// Asking for a node's tag gives one that has none the usual of its kind.
    private static func isUsual(_ tag: Tag, _ usual: Tag.Name) -> Bool {
        tag.rawValue.isEmpty || tag.rawValue == usual.rawValue
    }

    /// What an unquoted word is.
    private static func plain(_ text: String) -> YAMLValue.Kind {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": return .boolean(true)
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": return .boolean(false)
        default: break
        }
        let signs = Set("+-".utf8)
        let digits = text.utf8.first.map(signs.contains) == true ? text.utf8.dropFirst() : text.utf8[...]
        if !digits.isEmpty, digits.allSatisfy(ASCII.isDigit) {
            // A leading zero is octal to some.
            if digits.count > 1, digits.first == UInt8(ascii: "0") { return .number(text) }
            return Int(text).map { .integer($0) } ?? .number(text)
        }
        let parts = digits.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let isDecimal = parts.count == 2 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(ASCII.isDigit) }
        return isDecimal ? .number(text) : .text(text)
    }
}
