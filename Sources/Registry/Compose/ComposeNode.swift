/// A Compose document without the liberties of YAML: no anchors, tags, styles or types that two readers see differently.
enum ComposeNode: Sendable, Equatable {
    case null
    case boolean(Bool)
    /// A plain decimal number, its own text.
    case number(String)
    case text(String)
    case sequence([ComposeNode])
    case mapping(ComposeMapping)

    /// The text; nil for other kinds.
    var text: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    /// The elements; nil for other kinds.
    var sequence: [ComposeNode]? {
        guard case .sequence(let elements) = self else { return nil }
        return elements
    }

    /// The members; nil for other kinds.
    var mapping: ComposeMapping? {
        guard case .mapping(let mapping) = self else { return nil }
        return mapping
    }

    /// A scalar where Compose wants a text: `8080` is "8080", `true` is "true". Nil for null and collections.
    var scalarText: String? {
        switch self {
        case .text(let text), .number(let text): text
        case .boolean(let flag): flag ? "true" : "false"
        case .null, .sequence, .mapping: nil
        }
    }

    /// The kind in words, for error sentences.
    var kind: String {
        switch self {
        case .null: "empty"
        case .boolean: "a boolean"
        case .number: "a number"
        case .text: "a text"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    /// The same document with every text replaced by what `change` makes of it and its place.
    func mapTexts(at place: JSONPointer = JSONPointer(), _ change: (String, JSONPointer) -> String) -> ComposeNode {
        switch self {
        case .null, .boolean, .number: return self
        case .text(let text): return .text(change(text, place))
        case .sequence(let elements):
            return .sequence(
                elements.enumerated().map { index, element in element.mapTexts(at: place.appending(index), change) })
        case .mapping(let mapping):
            return .mapping(
                ComposeMapping(
                    entries: mapping.entries.map { entry in
                        .init(entry.key, entry.value.mapTexts(at: place.appending(entry.key), change))
                    }))
        }
    }
}

/// The members of a mapping in the order of the file, each key once.
struct ComposeMapping: Sendable, Equatable {
    /// One `key: value`.
    struct Entry: Sendable, Equatable {
        let key: String
        var value: ComposeNode

        init(_ key: String, _ value: ComposeNode) {
            self.key = key
            self.value = value
        }
    }

    private(set) var entries: [Entry] = []

    init(entries: [Entry] = []) {
        self.entries = entries
    }

    var keys: [String] { entries.map(\.key) }

    /// Setting nil removes the member, setting a new key appends it.
    subscript(key: String) -> ComposeNode? {
        get { entries.first { $0.key == key }?.value }
        set {
            switch (entries.firstIndex { $0.key == key }, newValue) {
            case (let place?, let value?): entries[place].value = value
            case (let place?, nil): entries.remove(at: place)
            case (nil, let value?): entries.append(Entry(key, value))
            case (nil, nil): break
            }
        }
    }
}
