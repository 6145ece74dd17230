/// How an installed service stands to what the store offers.
public enum StoreState: String, Sendable, Codable, CaseIterable {
    /// It is not installed.
    case available
    /// The store's version is installed.
    case installed
    /// The store has a newer version.
    case updateAvailable = "update available"
    /// A newer version is installed than the store has.
    case newerInstalled = "newer installed"
}

extension StoreEntry {
    /// Compares with the version that is installed, as its manifest writes it; nil when the service is not installed.
    ///
    /// Build metadata counts for nothing (semver.org, item 10). What is no version is older than any.
    public func state(installed: String?) -> StoreState {
        guard let installed else { return .available }
        guard let present = SemanticVersion(installed) else { return .updateAvailable }
        if present < version { return .updateAvailable }
        return version < present ? .newerInstalled : .installed
    }
}
