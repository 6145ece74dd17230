/// How a service comes to the cell; the guide knows one way.
public enum ServiceKind: String, Sendable, Codable, CaseIterable {
    /// Installed from a store's catalogue.
    case store
}
