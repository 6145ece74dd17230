/// What the rules say about one manifest: the verdict, and everything that is wrong with it.
public struct ManifestReport: Sendable {
    /// The file as it was named.
    public let file: String
    /// The manifest; nil when a rule of the reading is broken.
    public let manifest: Manifest?
    /// Every breach, in the order of the file's top-level keys, then of the rules.
    public private(set) var findings: [Finding]
    /// How many more there are: of each rule the first hundred are kept.
    public private(set) var omitted: Int

    init(file: String, manifest: Manifest?, findings: [Finding], omitted: Int = 0) {
        self.file = file
        self.manifest = manifest
        self.findings = findings
        self.omitted = omitted
    }

    /// The report about a package whose manifest could not even be reached.
    public init(file: String, refusedBy finding: Finding) {
        self.init(file: file, manifest: nil, findings: [finding])
    }

    /// Whether the manifest may be installed: no finding is an error.
    public var isAccepted: Bool { manifest != nil && !findings.contains { $0.severity == .error } }

    /// The findings of one severity.
    public func findings(_ severity: Severity) -> [Finding] { findings.filter { $0.severity == severity } }

    /// The report with findings of other files of the package, such as its Compose template.
    ///
    /// - Parameter omitted: How many more there are.
    public func adding(_ more: [Finding], omitted: Int = 0) -> ManifestReport {
        var report = self
        report.findings += more
        report.omitted += omitted
        return report
    }

    /// The manifest when it may be installed.
    /// - Throws: `RegistryError` with code `.manifest` and every error.
    public func accepted() throws(RegistryError) -> Manifest {
        if isAccepted, let manifest { return manifest }
        throw RegistryError(
            .manifest,
            faults: findings(.error).map { finding in
                Fault(
                    file: file, pointer: finding.pointer, "\(finding.message); \(finding.remedy)", rule: finding.rule)
            })
    }
}
