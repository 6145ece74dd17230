/// Which exits a service may use.
public struct EgressDeclaration: Sendable, Encodable, Equatable {
    /// The exit while the admin has chosen none.
    public let `default`: Exit
    /// The exits the admin can choose from.
    public let allowed: [Exit]

    init?(_ field: Field) {
        guard field.isObject else { return nil }
        let fallback = field["default"].required("the exit used at first") { $0.choice(Exit.self, rule: "egress.exit") }
        let allowed = field["allowed"].required("the exits to choose from") {
            $0.array { $0.choice(Exit.self, rule: "egress.exit") }
        }
        guard let fallback, let allowed else { return nil }
        self.default = fallback
        self.allowed = allowed
    }
}
