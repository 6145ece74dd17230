/// An installed service that can't be used, and why; the other services are not concerned.
public struct ServiceFault: Sendable, Hashable {
    /// The service's directory name; not a ``ServiceID``, because that may be what is wrong.
    public let service: String
    /// At least one fault, in the order of the manifest's fields.
    public let faults: [Fault]
    /// Whether the manifest could not be read at all (an error of the device, too many open files): nothing is known of
    /// what is in it.
    public let isUnread: Bool

    /// A service by its directory name and at least one fault.
    public init(service: String, faults: [Fault], isUnread: Bool = false) {
        self.service = service
        self.faults = faults
        self.isUnread = isUnread
    }

    /// One line: the first fault and the number of the others.
    public var reason: String { Fault.summary(faults) }
}
