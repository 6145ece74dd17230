/// A value of one of a cell's own YAML files, with its place: a text, a number, a list or a mapping, and nothing that
/// readers of YAML disagree about.
public struct YAMLValue: Sendable {
    /// What it is.
    public enum Kind: Sendable {
        case null
        case boolean(Bool)
        /// A whole number.
        case integer(Int)
        /// Any other number, or one that is too large.
        case number(String)
        case text(String)
        case list([YAMLValue])
        /// In the order of the file; each key once.
        case mapping([YAMLMember])
    }

    /// What it is.
    public let kind: Kind
    /// From 1 on.
    public let line: Int
    /// From 1 on.
    public let column: Int

    /// A text; nil for other kinds.
    public var text: String? {
        guard case .text(let text) = kind else { return nil }
        return text
    }

    /// A whole number; nil for other kinds.
    public var integer: Int? {
        guard case .integer(let number) = kind else { return nil }
        return number
    }

    /// A boolean; nil for other kinds.
    public var boolean: Bool? {
        guard case .boolean(let flag) = kind else { return nil }
        return flag
    }

    /// The elements; nil for other kinds.
    public var list: [YAMLValue]? {
        guard case .list(let elements) = kind else { return nil }
        return elements
    }

    /// The members; nil for other kinds.
    public var mapping: [YAMLMember]? {
        guard case .mapping(let members) = kind else { return nil }
        return members
    }

    /// Texts by their keys; nil where any member is none.
    public var texts: [String: String]? {
        guard let members = mapping else { return nil }
        var texts: [String: String] = [:]
        for member in members {
            guard let text = member.value.text else { return nil }
            texts[member.key] = text
        }
        return texts
    }

    /// As a message shows it.
    public var shown: String {
        switch kind {
        case .null: "nothing"
        case .boolean(let flag): "\(flag)"
        case .integer(let number): "\(number)"
        case .number(let text), .text(let text): quotedIfOdd(text)
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    /// The sentence with the value's place in front.
    public func fault(_ sentence: String) -> String { "line \(line), column \(column): \(sentence)" }

    private func quotedIfOdd(_ text: String) -> String {
        text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && text.utf8.count <= 64 ? text : quoted(text)
    }
}

/// One `key: value` of a mapping.
public struct YAMLMember: Sendable {
    /// The key.
    public let key: String
    /// The key as messages show it.
    public var shownKey: String { YAMLValue(kind: .text(key), line: 0, column: 0).shown }
    /// What stands behind the colon.
    public let value: YAMLValue
}
