/// One breach of one rule in one file.
public struct Finding: Sendable, Hashable {
    /// The broken rule's name.
    public let rule: RuleID
    /// Whether it refuses the manifest.
    public let severity: Severity
    /// The place in the file; empty for the file itself.
    public let pointer: JSONPointer
    /// What is wrong, naming the object, without the place.
    public let message: String
    /// What to do.
    public let remedy: String

    /// A finding of any rule, also of one that is no manifest's.
    public init(rule: RuleID, severity: Severity, pointer: JSONPointer, message: String, remedy: String) {
        self.rule = rule
        self.severity = severity
        self.pointer = pointer
        self.message = message
        self.remedy = remedy
    }
}

extension Finding: Encodable {
    private enum CodingKeys: String, CodingKey {
        case rule, severity, pointer, message, remedy
    }

    /// Writes an object of five strings; throws what the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(rule, forKey: .rule)
        try container.encode(severity, forKey: .severity)
        try container.encode(pointer.text, forKey: .pointer)
        try container.encode(message, forKey: .message)
        try container.encode(remedy, forKey: .remedy)
    }
}

extension Finding: CustomStringConvertible {
    /// `error backend.format /backend: "notes" is not a backend; …: write container:port`
    public var description: String {
        let place = pointer.description
        return "\(severity.rawValue) \(rule)\(place.isEmpty ? "" : " " + place): \(message); \(remedy)"
    }
}
