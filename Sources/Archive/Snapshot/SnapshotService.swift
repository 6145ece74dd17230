/// One service's part of a snapshot (`services[]`).
public struct SnapshotService: Sendable, Codable, Equatable {
    /// One of the service's configuration paths and how its copy went.
    public struct ConfigPath: Sendable, Codable, Equatable {
        /// Relative to the cell, escaped (see ``EscapedName``).
        public var path: String
        /// Why it was not copied; nil when it was.
        public var error: String?
        /// What its copy lacks; nil when it has all.
        public var leftOut: [MissingCopy]?

        public init(path: String, error: String? = nil, leftOut: [MissingCopy]? = nil) {
            self.path = path
            self.error = error
            self.leftOut = leftOut
        }

        enum CodingKeys: String, CodingKey {
            case path, error
            case leftOut = "left_out"
        }
    }

    public var id: String
    /// ok, warnings, partial (some archive or path failed) or failed (all did).
    public var verdict: SnapshotDocument.Verdict
    /// What kept the whole service from being backed up.
    public var error: String?
    public var archives: [SnapshotArchive]
    public var configPaths: [ConfigPath]

    public init(
        id: String, verdict: SnapshotDocument.Verdict, error: String? = nil, archives: [SnapshotArchive] = [],
        configPaths: [ConfigPath] = []
    ) {
        self.id = id
        self.verdict = verdict
        self.error = error
        self.archives = archives
        self.configPaths = configPaths
    }

    enum CodingKeys: String, CodingKey {
        case id, verdict, error, archives
        case configPaths = "config_paths"
    }
}
