internal import Archive
internal import FoundationEssentials
internal import Registry

/// `data/peer_service_credentials.json`, and beside it what is under way: both 0600, written by rename.
struct AccountBook {
    /// What was begun and not finished; a kill leaves it behind.
    enum Pending: Codable, Equatable {
        /// The service may have made the account; these are its credentials.
        case add([String: String])
        /// The service may have removed it.
        case remove
    }

    private let root: Directory
    private(set) var credentials: PeerCredentials
    private(set) var pending: [String: [String: Pending]]

    private static let place: RelativePath = "data/peer_service_credentials.json"
    private static let pendingPlace: RelativePath = "data/pending_accounts.json"

    /// Reads both; a file that is missing is empty.
    /// - Throws: `RegistryError` or ``RunError`` `.configuration` for a damaged one, ``ArchiveError`` for a link or one
    ///   that others read.
    init(_ cell: Cell) throws {
        root = cell.root
        credentials = try Self.read(cell.root, Self.place).map { try PeerCredentials(parsing: $0) } ?? PeerCredentials()
        pending =
            try Self.read(cell.root, Self.pendingPlace).map {
                do {
                    return try JSONDecoder().decode([String: [String: Pending]].self, from: Data($0))
                } catch {
                    throw RunError(
                        .configuration,
                        "\(Self.pendingPlace) is damaged: it is not what picjobs wrote; move it away, then picjobs account "
                            + "reconcile shows where file and services differ", underlying: error)
                }
            } ?? [:]
    }

    private static func read(_ root: Directory, _ place: RelativePath) throws -> [UInt8]? {
        do throws(ArchiveError) {
            return try root.readSecret(place, limit: PeerCredentials.sizeLimit)
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    func pending(_ service: ServiceID, _ peer: PeerName) -> Pending? { pending[service.rawValue]?[peer.rawValue] }

    /// Writes down what is about to be done.
    mutating func begin(_ work: Pending, _ service: ServiceID, _ peer: PeerName) throws {
        pending[service.rawValue, default: [:]][peer.rawValue] = work
        try writePending()
    }

    /// It is done: the credentials stand in the file (nil: not any more), and nothing is pending.
    mutating func finish(_ service: ServiceID, _ peer: PeerName, _ value: [String: String]?) throws {
        if credentials[service, peer] != value {
            credentials[service, peer] = value
            try root.writeAtomically(Self.place, credentials.serialized(), mode: 0o600)
        }
        try forget(service, peer)
    }

    /// Nothing was done after all.
    mutating func forget(_ service: ServiceID, _ peer: PeerName) throws {
        guard pending[service.rawValue]?[peer.rawValue] != nil else { return }
        pending[service.rawValue]?[peer.rawValue] = nil
        if pending[service.rawValue]?.isEmpty == true { pending[service.rawValue] = nil }
        try writePending()
    }

    /// Forgets every account on a service that is purged: its data, and with it the accounts, are gone.
    static func forget(_ service: ServiceID, in cell: Cell) throws {
        let lock = try CellLock(cell, run: RunID(), scope: .accounts)
        defer { withExtendedLifetime(lock) {} }
        var book = try AccountBook(cell)
        for peer in book.credentials.peers(of: service) { try book.finish(service, peer, nil) }
        guard book.pending[service.rawValue] != nil else { return }
        book.pending[service.rawValue] = nil
        try book.writePending()
    }

    private func writePending() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try root.writeAtomically(Self.pendingPlace, Array(try encoder.encode(pending)) + [0x0A], mode: 0o600)
    }
}
