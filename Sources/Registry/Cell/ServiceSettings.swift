/// What the admin has set for one service, from `services.<id>` in `config/cell_config.json`.
public struct ServiceSettings: Sendable, Equatable {
    /// Saved values of `config_schema` fields; a field that is not here has its default.
    public let config: [String: ConfigValue]
    /// The chosen exit as it was written, which may be none; nil means the manifest's default. A word that nobody knows
    /// must close this one service, and not keep the whole file from being read.
    public let egress: String?

    /// Settings put together by a caller.
    public init(config: [String: ConfigValue] = [:], egress: String? = nil) {
        self.config = config
        self.egress = egress
    }

    init?(_ field: Field) {
        guard field.isObject else { return nil }
        config = field["config"].optional(Self.values) ?? [:]
        egress = field["egress"].optional { $0.string() }
    }

    /// A null stands for a value that was never set.
    private static func values(_ field: Field) -> [String: ConfigValue]? {
        guard let members = field.members else { return nil }
        var values: [String: ConfigValue] = [:]
        for (key, member) in members where member.value != .null { values[key] = ConfigValue(member) }
        return values
    }
}
