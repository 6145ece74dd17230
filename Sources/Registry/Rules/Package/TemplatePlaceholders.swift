/// What stands for an admin's choices and a cell's facts where a template is judged before there are any.
struct TemplatePlaceholders {
    let manifest: Manifest

    /// Texts for fields that the admin must set; a template may want a name, a path or a number there.
    static let texts = ["placeholder", "/data/placeholder", "1"]

    /// Values for the fields that have no usable one. An optional field without a default stays without a value: an
    /// installation would have none either.
    func config(saved: [String: ConfigValue], text: String) -> MergedConfig? {
        var saved = saved
        for field in manifest.configSchema.fields {
            if field.refusal(of: saved[field.key] ?? field.default) == nil { continue }
            saved[field.key] = value(for: field, text)
        }
        do throws(RegistryError) {
            return try MergedConfig(manifest, saved: saved)
        } catch {
            // Bounds that nothing fits between; a rule of the manifest says so.
            return nil
        }
    }

    private func value(for field: ConfigField, _ text: String) -> ConfigValue {
        switch field.type {
        case .string: .string(text)
        case .boolean: .boolean(true)
        case .integer: .integer(field.min ?? field.max ?? 1)
        }
    }

    /// A cell such as the guide's, with what is known of a real one.
    static func cell(_ known: TemplateCell) throws(RegistryError) -> ComposeCell {
        try ComposeCell(
            domain: known.domain ?? "example.org", name: known.name ?? "example",
            projectDirectory: known.projectDirectory ?? "/srv/cell", gateway: ServiceAddress(number: 0xac14_0009))
    }
}

/// What is known of the cell that a template is judged for; nothing, on a developer's machine.
public struct TemplateCell: Sendable {
    public var domain: String?
    public var name: String?
    /// The cell, absolute.
    public var projectDirectory: String?
    /// What the admin has set for the service.
    public var saved: [String: ConfigValue]

    /// What is known; without arguments nothing.
    public init(
        domain: String? = nil, name: String? = nil, projectDirectory: String? = nil, saved: [String: ConfigValue] = [:]
    ) {
        self.domain = domain
        self.name = name
        self.projectDirectory = projectDirectory
        self.saved = saved
    }
}
