/// One `KEY=VALUE` from a command line or a settings form, with the type that the service's schema demands.
public struct ConfigAssignment: Sendable, Equatable {
    /// The field's name as the schema has it.
    public let key: String
    /// The new value.
    public let value: ConfigValue

    /// Reads words such as `port=8080` against a service's schema. All behind the first `=` is the value, and a text may
    /// be empty.
    /// - Throws: `RegistryError` with code `.configuration` and all faults: no `=`, an unknown key (the known ones are
    ///   named), a key twice, a value of the wrong type or out of bounds.
    public static func parse(_ words: [String], for manifest: Manifest) throws(RegistryError) -> [ConfigAssignment] {
        var assignments: [ConfigAssignment] = []
        var faults: [String] = []
        for word in words {
            switch read(word, manifest) {
            case .success(let assignment):
                if assignments.contains(where: { $0.key == assignment.key }) {
                    faults.append("\(quoted(assignment.key)) is set twice; set it once")
                } else {
                    assignments.append(assignment)
                }
            case .failure(let refusal): faults.append(refusal.message)
            }
        }
        guard let first = faults.first else { return assignments }
        let message = faults.count == 1 ? first : faults.joined(separator: "; ")
        throw RegistryError(
            .configuration, "\(manifest.id): \(message)",
            faults: faults.map { Fault(file: "configuration of \(manifest.id)", $0) })
    }

    private struct Refusal: Error {
        let message: String
    }

    private static func read(_ word: String, _ manifest: Manifest) -> Result<ConfigAssignment, Refusal> {
        func refused(_ message: String) -> Result<ConfigAssignment, Refusal> { .failure(Refusal(message: message)) }
        let bytes = word.utf8
        guard let sign = bytes.firstIndex(of: UInt8(ascii: "=")) else {
            return refused("\(quoted(word)) has no \"=\"; write KEY=VALUE")
        }
        let key = String(decoding: bytes[..<sign], as: UTF8.self)
        let text = String(decoding: bytes[bytes.index(after: sign)...], as: UTF8.self)
        guard let field = manifest.configSchema[key] else {
            let known = manifest.configSchema.fields.map(\.key)
            return refused(
                "\(quoted(key)) is no field of its configuration; "
                    + (known.isEmpty ? "it has none" : "it has \(known.joined(separator: ", "))"))
        }
        guard let value = field.value(of: text) else {
            return refused("\(key): \(quoted(text)) is not \(field.type.inWords)\(field.bounds)")
        }
        if let refusal = field.refusal(of: value) { return refused("\(key) \(refusal)") }
        return .success(ConfigAssignment(key: key, value: value))
    }
}

extension ConfigField {
    /// ` from 1 to 65535`, or what there is of it.
    fileprivate var bounds: String {
        switch (min, max) {
        case (let min?, let max?): " from \(min) to \(max)"
        case (let min?, nil): " of at least \(min)"
        case (nil, let max?): " of at most \(max)"
        case (nil, nil): ""
        }
    }
}
