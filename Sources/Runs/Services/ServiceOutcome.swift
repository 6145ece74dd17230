/// What a change of a service came to.
public struct ServiceOutcome: Sendable {
    /// The service's id.
    public let service: String
    /// The version that is installed now; nil for none.
    public var version: String?
    /// The version that was installed before; nil for none.
    public var before: String?
    /// Each container with its address.
    public var addresses: [(container: String, address: String)] = []
    /// The snapshot that was taken first.
    public var snapshot: String?
    /// False when everything was so already, or only looked at.
    public var isChanged = true
    /// What is worth knowing.
    public var notes: [String] = []
    /// What is not as it should be, and left for a person.
    public var problems: [String] = []

    init(_ service: String) { self.service = service }

    /// 0; 3 when something is left to do.
    public var exitCode: Int32 { problems.isEmpty ? 0 : 3 }

    func ending(_ what: String) -> RunSession.Ending {
        RunSession.Ending(
            exitCode: exitCode, snapshot: snapshot,
            result: ([what] + problems).joined(separator: "; "))
    }
}
