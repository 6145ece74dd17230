/// An environment variable of the container.
public struct EnvironmentVariable: Sendable, Encodable, Equatable {
    /// The variable's name as written; its rules are those of installation.
    public let key: String
    /// The variable's value as written; its rules are those of installation.
    public let value: String

    init?(_ field: Field) {
        guard field.isObject else { return nil }
        let key = field["key"].required("the variable's name") { $0.string() }
        let value = field["value"].required("the variable's value, a string") { $0.string() }
        guard let key, let value else { return nil }
        self.key = key
        self.value = value
    }
}
