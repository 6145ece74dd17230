/// A manifest's document while a rule looks at it. Rules read the document and not a ``Manifest``: one that can't be
/// read as a whole still shows most of what is wrong with it.
///
/// A rule judges what has the right type and passes over the rest, which the reading has reported.
struct RuleCheck {
    /// The whole document; its faults go to the rule that is looking.
    let root: Field
    let context: RuleContext
    /// The names of the service's own containers, as written.
    let ownContainers: Set<String>

    init(root: Field, context: RuleContext) {
        self.root = root
        self.context = context
        ownContainers = Set(([root["container_name"]] + root["containers"].elements).compactMap(\.text))
    }

    /// A top-level field.
    subscript(key: String) -> Field { root[key] }

    /// Whether a capability is true.
    func has(_ capability: String) -> Bool { root["capabilities"]["has_" + capability].value == .bool(true) }

    /// The service's id as written.
    var id: String? { root["id"].text }

    /// The fields of an object's members that are objects themselves, or of an array's elements.
    func each(_ key: String) -> [Field] { root[key].elements }
}

extension Field {
    /// The text that stands here; nil and no fault otherwise.
    var text: String? { value?.string }

    /// The whole number that stands here; nil and no fault otherwise.
    var number: Int? { value?.integer }

    /// The elements of the array that stands here; none and no fault otherwise.
    var elements: [Field] {
        guard case .array? = value else { return [] }
        return array { $0 } ?? []
    }

    /// The members of the object that stands here; none and no fault otherwise.
    var entries: [(key: String, field: Field)] {
        value?.object == nil ? [] : members ?? []
    }

    /// Nothing, or nothing in it: absent, an empty array, object or text.
    var isEmpty: Bool {
        switch value {
        case nil, .null?: true
        case .array(let elements)?: elements.isEmpty
        case .object(let object)?: object.members.isEmpty
        case .string(let text)?: text.isEmpty
        default: false
        }
    }

    /// A fault of the text here, which is named first.
    func fault(quoting text: String, _ message: String) { fault("\(quoted(text)) \(message)") }
}
