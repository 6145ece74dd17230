internal import Yams

/// Turns a template's bytes into a ``ComposeNode``, and refuses what readers of YAML disagree about or what could stand
/// for something else than it shows: anchors, aliases, merge keys, tags, keys that stand twice, several documents.
struct ComposeReader {
    private var violations: [ComposeViolation] = []

    /// How many scalars, lists and mappings were read.
    private var count = 0

    /// The largest template that is read, in bytes.
    static let sizeLimit = 256 << 10
    /// The most scalars, lists and mappings; a service needs a few dozen.
    static let largest = 5000
    /// The deepest nesting; a Compose document needs six levels.
    static let deepest = 32

    /// The document, or every reason why it is refused.
    static func read(_ bytes: [UInt8]) -> (root: ComposeNode, violations: [ComposeViolation]) {
        var reader = ComposeReader()
        let root = reader.document(bytes)
        return (root ?? .null, reader.violations)
    }

    private mutating func refuse(_ message: String, at place: JSONPointer = JSONPointer()) {
        violations.append(ComposeViolation(.syntax, at: place, message))
    }

    private mutating func document(_ bytes: [UInt8]) -> ComposeNode? {
        guard bytes.count <= Self.sizeLimit else {
            refuse("is larger than 256 KiB; a template declares containers, it holds no data")
            return nil
        }
        do throws(YAMLSyntax.Fault) {
            return try YAMLSyntax.read(bytes, limit: Self.sizeLimit) { root in
                root.flatMap { node($0, at: JSONPointer()) } ?? .null
            }
        } catch {
            refuse(error.message)
            return nil
        }
    }

    private mutating func node(_ node: Node, at place: JSONPointer) -> ComposeNode? {
        guard place.steps.count <= Self.deepest else {
            refuse("is nested deeper than \(Self.deepest) levels", at: place)
            return nil
        }
        count += 1
        guard count <= Self.largest else {
            if count == Self.largest + 1 { refuse("holds more than \(Self.largest) values", at: place) }
            return nil
        }
        guard node.anchor == nil else {
            refuse("has an anchor; anchors and aliases are not allowed, write every value out", at: place)
            return nil
        }
        switch node {
        case .scalar(let scalar):
            return self.scalar(scalar, at: place)
        case .sequence(let sequence):
            guard isUntagged(sequence.tag, .seq, at: place) else { return nil }
            return .sequence(
                sequence.enumerated().compactMap { index, element in self.node(element, at: place.appending(index)) })
        case .mapping(let mapping):
            guard isUntagged(mapping.tag, .map, at: place) else { return nil }
            return members(mapping, at: place)
        case .alias:
            refuse("is an alias; write the value out", at: place)
            return nil
        }
    }

    private mutating func members(_ mapping: Node.Mapping, at place: JSONPointer) -> ComposeNode {
        var members = ComposeMapping()
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key, key.anchor == nil, isUntagged(scalar.tag, .str, at: place) else {
                refuse("has a key that is no simple text", at: place)
                continue
            }
            let name = scalar.string
            let inner = place.appending(name)
            if name == "<<" { refuse("merge keys are not allowed; write every value out", at: inner) }
            // Names only: `$` would be a variable to some, and a control character hides in any list.
            if name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f || $0 == UInt8(ascii: "$") }) {
                refuse("a key holds \"$\" or a control character; variables stand in values only", at: inner)
            }
            if members[name] != nil { refuse("stands here twice; remove one", at: inner) }
            if let value = node(value, at: inner) { members[name] = value }
        }
        return .mapping(members)
    }

    private mutating func scalar(_ scalar: Node.Scalar, at place: JSONPointer) -> ComposeNode? {
        let text = scalar.string
        guard !text.utf8.contains(0) else {
            refuse("holds a NUL character", at: place)
            return nil
        }
        guard isUntagged(scalar.tag, .str, at: place) else { return nil }
        return scalar.style == .plain && scalar.tag.rawValue.isEmpty ? Self.plain(text) : .text(text)
    }

    /// What an unquoted word is. Only what all readers agree on is more than a text: `yes`, `0644`, `1:30` are texts.
    private static func plain(_ text: String) -> ComposeNode {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .boolean(true)
        case "false", "False", "FALSE": return .boolean(false)
        default: return isNumber(text) ? .number(text) : .text(text)
        }
    }

    private static func isNumber(_ text: String) -> Bool {
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        let parts = digits.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = parts.first, digits.count <= 18,
            parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(ASCII.isDigit) })
        else { return false }
        return whole.count == 1 || whole.first != UInt8(ascii: "0")
    }

    /// `!!str` and the like say what is already so; any other tag is refused.
    private mutating func isUntagged(_ tag: Tag, _ usual: Tag.Name, at place: JSONPointer) -> Bool {
        let name = tag.rawValue
        if name.isEmpty || name == usual.rawValue { return true }
        refuse("has the tag \(quoted(name)); tags are not allowed", at: place)
        return false
    }
}
