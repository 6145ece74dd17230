/// One rule for manifests: what must be so, and what to do when it is not.
public struct Rule: Sendable {
    /// When a rule is held against a manifest.
    public enum Stage: String, Sendable, Codable, CaseIterable {
        /// Whenever the file is read: a service that breaks it can't be used at all.
        case reading
        /// When the service is validated or installed; what is installed already goes on being backed up.
        case installation
        /// As `installation`, against the other services; of two in conflict the later one breaks the rule.
        case neighbours
        /// As `installation`, against the package's Compose template after its variables are replaced.
        case template
        /// When a package is checked before it is submitted to a store, against its install.sh.
        case package
        /// When a package is checked against the service that runs in a cell.
        case live
    }

    /// The rule's name, which never changes.
    public let id: RuleID
    /// Whether breaking it refuses the manifest.
    public let severity: Severity
    /// When it is held against a manifest.
    public let stage: Stage
    /// The section of the service developer guide, `appendix` included.
    public let section: String
    /// What must be so: one sentence in Markdown.
    public let statement: String
    /// What to do: half a sentence without a full stop.
    public let remedy: String
    /// Finds the faults; nil for rules of the reading, which the reader of manifests finds, and for those of other files.
    let check: (@Sendable (RuleCheck) -> Void)?

    /// A rule of the reading.
    init(reading id: RuleID, _ section: String, _ statement: String, remedy: String) {
        self.init(id, .error, .reading, section, statement, remedy, nil)
    }

    /// A rule whose breach refuses an installation.
    init(
        _ id: RuleID, _ section: String, _ statement: String, remedy: String, stage: Stage = .installation,
        check: @escaping @Sendable (RuleCheck) -> Void
    ) {
        self.init(id, .error, stage, section, statement, remedy, check)
    }

    /// A rule whose breach is worth a word.
    init(
        warning id: RuleID, _ section: String, _ statement: String, remedy: String, stage: Stage = .installation,
        check: @escaping @Sendable (RuleCheck) -> Void
    ) {
        self.init(id, .warning, stage, section, statement, remedy, check)
    }

    /// A rule of another file of the package.
    init(
        stage: Stage, _ id: RuleID, _ severity: Severity, _ section: String, _ statement: String, remedy: String
    ) {
        self.init(id, severity, stage, section, statement, remedy, nil)
    }

    private init(
        _ id: RuleID, _ severity: Severity, _ stage: Stage, _ section: String, _ statement: String, _ remedy: String,
        _ check: (@Sendable (RuleCheck) -> Void)?
    ) {
        self.id = id
        self.severity = severity
        self.stage = stage
        self.section = section
        self.statement = statement
        self.remedy = remedy
        self.check = check
    }
}
