/// How a container is connected, as its engine tells it.
public struct ContainerNetwork: Sendable, Equatable {
    /// The main process as the engine's host numbers it; `nil` when the container does not run.
    public let processID: Int32?
    /// Its IPv4 address in each network that it is connected to, by the network's name.
    public let addresses: [String: String]
    /// The resolvers it was given (`dns:`); empty where it has the engine's own.
    public let resolvers: [String]

    /// Makes a description, for tests.
    public init(processID: Int32?, addresses: [String: String], resolvers: [String]) {
        self.processID = processID
        self.addresses = addresses
        self.resolvers = resolvers
    }
}
