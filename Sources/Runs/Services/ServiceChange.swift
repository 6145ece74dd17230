internal import Registry

/// A change of an installed service, as the run's journal has it before anything is done: all that is needed to undo it.
struct ServiceChange: Sendable, Codable {
    enum Kind: String, Sendable, Codable {
        case install, update, reconfigure, remove
    }

    let kind: Kind
    /// The service's id.
    let service: String
    /// The run that makes it, in `install.json` of the files it brings.
    let run: String
    /// The leases, as they stood in `data/ip_leases.json`.
    var leases: String?
    /// The configuration, as it stood in `config/cell_config.json`.
    var config: String?
    /// The names of the secrets that the service had.
    var secrets: [String] = []
    /// The volumes that its Compose project had.
    var volumes: [String] = []
    /// The images that its containers ran, by the name that may lead to another one afterwards.
    var images: [String: String] = [:]
    /// Whether its containers ran.
    var isRunning = false
    /// The snapshot with which its data comes back.
    var snapshot: String?
    /// Directories of the cell, relative to it, that the change makes (and takes back), or that go with the data.
    var directories: [String] = []
    /// Whether its data goes with it.
    var purges = false

    /// The directory beside the service's own: the new files until they take their place, the old ones afterwards.
    var aside: String { ".\(service)-\(run)" }
}
