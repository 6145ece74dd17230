/// Where the bulk of a service's data lies, for displays.
public struct StorageInfo: Sendable, Encodable, Equatable {
    /// A path relative to the cell; as written, not checked.
    public let primaryPath: String
    /// Megabytes; nil for no limit.
    public let quotaMB: Int?

    enum CodingKeys: String, CodingKey {
        case primaryPath = "primary_path"
        case quotaMB = "quota_mb"
    }

    init?(_ field: Field) {
        guard field.isObject else { return nil }
        let primaryPath = field["primary_path"].required("a path relative to the cell") { $0.string() }
        quotaMB = field["quota_mb"].optional { $0.integer() }
        guard let primaryPath else { return nil }
        self.primaryPath = primaryPath
    }
}
