/// Collects the faults of one file while it is read; the reading goes on after each, so that all are reported.
final class FaultList {
    let file: String
    /// What a fault breaks when the place that finds it does not say.
    var rule: RuleID?
    private(set) var faults: [Fault] = []
    /// How many faults were found and not kept.
    private(set) var omitted = 0
    private var counts: [RuleID?: Int] = [:]

    /// How many faults were found, kept or not.
    var count: Int { faults.count + omitted }

    init(file: String) {
        self.file = file
    }

    /// Keeps the first hundred of each rule: a hostile file must not cost memory, nor hide what else is wrong.
    func add(_ message: String, at pointer: JSONPointer, rule: RuleID? = nil) {
        let rule = rule ?? self.rule
        let count = counts[rule, default: 0]
        guard count < 100 else {
            omitted += 1
            return
        }
        counts[rule] = count + 1
        faults.append(Fault(file: file, pointer: pointer, message, rule: rule))
    }
}

/// A place in a parsed file, whether or not something stands there, that turns what it finds into typed values and what
/// it does not find into faults.
struct Field {
    let value: JSONValue?
    let pointer: JSONPointer
    let faults: FaultList

    init(root: JSONValue, faults: FaultList) {
        self.init(value: root, pointer: JSONPointer(), faults: faults)
    }

    private init(value: JSONValue?, pointer: JSONPointer, faults: FaultList) {
        self.value = value
        self.pointer = pointer
        self.faults = faults
    }

    /// The member of this object; a null stands for an absent member.
    subscript(key: String) -> Field {
        let member = value?.object?[key]
        return Field(value: member == .null ? nil : member, pointer: pointer.appending(key), faults: faults)
    }

    /// True when something other than null stands here.
    var isPresent: Bool { value != nil }

    func fault(_ message: String, rule: RuleID? = nil) {
        faults.add(message, at: pointer, rule: rule)
    }

    /// The value read by `read`, or nil and a fault that says what to give.
    func required<Value>(
        _ give: String, rule: RuleID = "field.required", _ read: (Field) -> Value?
    ) -> Value? {
        guard isPresent else {
            fault("missing; give \(give)", rule: rule)
            return nil
        }
        return read(self)
    }

    /// The value read by `read`, nil when absent; a fault only when something unusable stands here.
    func optional<Value>(_ read: (Field) -> Value?) -> Value? {
        isPresent ? read(self) : nil
    }

    /// The members in the order of the file; nil and a fault when this is no object.
    var members: [(key: String, field: Field)]? {
        guard let object = value?.object else {
            wrongKind("an object")
            return nil
        }
        return object.members.map { member in
            (member.key, Field(value: member.value, pointer: pointer.appending(member.key), faults: faults))
        }
    }

    /// False and a fault when this is no object.
    var isObject: Bool {
        if value?.object != nil { return true }
        wrongKind("an object")
        return false
    }

    /// The elements that `read` could read; those it could not have left a fault.
    func array<Value>(_ read: (Field) -> Value?) -> [Value]? {
        guard case .array(let elements)? = value else {
            wrongKind("an array")
            return nil
        }
        return elements.enumerated().compactMap { index, element in
            read(Field(value: element, pointer: pointer.appending(index), faults: faults))
        }
    }

    func wrongKind(_ wanted: String) {
        fault("is \(value?.kind ?? "missing"), must be \(wanted)", rule: "field.type")
    }
}
