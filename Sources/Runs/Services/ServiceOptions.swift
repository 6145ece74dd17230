/// What a person asked for beside the service's name.
public struct ServiceOptions: Sendable {
    /// `KEY=VALUE` words for the service's configuration.
    public var settings: [String] = []
    /// Run the package's `install.sh`.
    public var runsInstallScript = false
    /// Change without a snapshot of the data first: an update that fails can't bring it back.
    public var withoutSnapshot = false
    /// Take a version that is older than the installed one.
    public var allowsDowngrade = false
    /// Only look at what would be done.
    public var isDryRun = false

    public init() {}
}
