/// A container that a restore stopped, as the journal has it before it is done: all that is needed to start it again.
struct StoppedContainer: Sendable, Codable, Equatable {
    /// How its processes are kept from running.
    enum Way: String, Sendable, Codable {
        /// It is stopped as it is always stopped.
        case stop
        /// Its processes are frozen, and killed in the end: the path lies in the container's own layer, which no other
        /// container can reach.
        case freeze
    }

    let name: String
    /// The restart policy that it gets back.
    let policy: String
    let way: Way
}
