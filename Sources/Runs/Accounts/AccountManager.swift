internal import Archive
internal import Containers
internal import FoundationEssentials
public import Registry

/// Accounts of peers on services (guide, section 4): made and removed in the service, kept in the credentials file.
///
/// Every change holds the lock `data/accounts.lock`, and is written down before it is made: what a kill left behind is
/// finished or undone by the next change of that account, or by ``reconcile()``.
public struct AccountManager: Sendable {
    private let cell: Cell
    private let drivers: AccountDrivers

    /// The accounts of a cell.
    public init(_ cell: Cell) {
        self.cell = cell
        drivers = AccountDrivers(cell)
    }

    /// The peers with an account on a service, as the credentials file has them.
    /// - Throws: ``RunError`` when the service is not installed or has no accounts.
    public func list(_ service: String) throws -> [PeerName] {
        try AccountBook(cell).credentials.peers(of: try resolve(service).id)
    }

    /// One peer's stored credentials on one service.
    /// - Throws: ``RunError`` `.failed` when it has none.
    public func credentials(_ service: String, _ peer: String) throws -> [String: String] {
        let (id, name) = (try resolve(service).id, try Self.name(peer))
        guard let found = try AccountBook(cell).credentials[id, name] else {
            throw RunError(.failed, "\(name) has no account on \(id)")
        }
        return found
    }

    /// What a peer is told: for each service the filled template; the bare credentials of one without a template, or
    /// whose configuration is faulty.
    public func information(for peer: String) throws -> [String: [String: String]] {
        let name = try Self.name(peer)
        let book = try AccountBook(cell)
        let registry = try ServiceRegistry(loading: cell.layout)
        let config = try CellConfig(of: cell.layout)
        var told: [String: [String: String]] = [:]
        for id in book.credentials.services(of: name) {
            guard let own = book.credentials[id, name] else { continue }
            guard let manifest = registry.service(id), let template = PeerConfig(manifest) else {
                told[id.rawValue] = own
                continue
            }
            // One service's fault must not hide what the peer has on the others.
            let merged: MergedConfig
            do {
                merged = try MergedConfig(manifest, saved: config.service(id).config)
            } catch {
                told[id.rawValue] = own
                continue
            }
            let values = merged.entries.compactMap { entry in entry.value.map { (entry.field.key, $0.text) } }
            told[id.rawValue] = try template.filled(
                for: name, domain: config.identity.domain, config: Dictionary(values) { first, _ in first },
                credentials: own)
        }
        return told
    }

    /// Makes an account.
    ///
    /// - Parameter password: 16 random bytes, URL-safe, when it is nil.
    /// - Throws: ``RunError`` `.refused` when there is one already, also one that is not ours, or the service refuses it;
    ///   `.failed` when it does not make it. Nothing is stored then.
    public func provision(_ service: String, _ peer: String, password: String? = nil) async throws {
        let manifest = try resolve(service)
        let name = try Self.name(peer)
        let driver = try await drivers.driver(for: manifest)
        let lock = try CellLock(cell, run: RunID(), scope: .accounts)
        defer { withExtendedLifetime(lock) {} }
        var book = try AccountBook(cell)
        try await settle(&book, manifest.id, name, driver)
        guard book.credentials[manifest.id, name] == nil else {
            throw RunError(.refused, "\(name) has an account on \(manifest.id) already; remove it first")
        }
        var values: [String: String] = [:]
        for field in manifest.accounts?.credentials ?? [] { values[field] = Password.make() }
        values["password"] = try password.map(Self.checked) ?? Password.make()
        // Somebody else's account must neither get our password nor be taken for the one that a killed run made.
        guard try await !driver.list().contains(name.rawValue) else {
            throw RunError(
                .refused,
                "\(manifest.id) has an account \(name) that was not made here; remove it in the service first")
        }
        try book.begin(.add(values), manifest.id, name)
        do {
            try await driver.add(name.rawValue, password: values["password"] ?? "")
        } catch let error as RunError where error.code == .refused {
            try book.forget(manifest.id, name)
            throw error
        } catch {
            // Whether it made the account before it failed is not known; when it can't tell now, the next change asks.
            do {
                if try await !driver.list().contains(name.rawValue) { try book.forget(manifest.id, name) }
            } catch let unknown {
                throw RunError(
                    .failed,
                    "\(error); whether the account was made is not known (\(unknown)): picjobs account reconcile",
                    underlying: error)
            }
            throw error
        }
        try book.finish(manifest.id, name, values)
    }

    /// Removes an account; one that the service does not know any more counts as removed.
    /// - Throws: ``RunError`` `.failed` when the service does not remove it: the record stays, and says so.
    public func deprovision(_ service: String, _ peer: String) async throws {
        let manifest = try resolve(service)
        let name = try Self.name(peer)
        let lock = try CellLock(cell, run: RunID(), scope: .accounts)
        defer { withExtendedLifetime(lock) {} }
        var book = try AccountBook(cell)
        guard book.credentials[manifest.id, name] != nil || book.pending(manifest.id, name) != nil else {
            throw RunError(.failed, "\(name) has no account on \(manifest.id)")
        }
        try book.begin(.remove, manifest.id, name)
        do {
            try await drivers.driver(for: manifest).remove(name.rawValue)
        } catch {
            throw RunError(
                .failed,
                "the account \(name) on \(manifest.id) is still pending removal: \(error); try again, or picjobs "
                    + "account reconcile", underlying: error)
        }
        try book.finish(manifest.id, name, nil)
    }

    /// Removes a peer's accounts on every service; goes on after a failure.
    /// - Returns: each service with what kept its account from being removed; nil when nothing did.
    public func deprovision(everythingOf peer: String) async throws -> [String: String?] {
        let name = try Self.name(peer)
        var result: [String: String?] = [:]
        let book = try AccountBook(cell)
        let begun = book.pending.filter { $0.value[name.rawValue] != nil }.keys.compactMap { ServiceID($0) }
        for id in Set(book.credentials.services(of: name)).union(begun).sorted() {
            do {
                try await deprovision(id.rawValue, name.rawValue)
                result[id.rawValue] = .some(nil)
            } catch let error as CancellationError {
                throw error
            } catch {
                result[id.rawValue] = "\(error)"
            }
        }
        return result
    }

    /// Finishes or undoes what is pending, and compares the credentials with the services.
    /// - Returns: a sentence for everything that was settled or does not agree.
    public func reconcile() async throws -> [String] {
        let lock = try CellLock(cell, run: RunID(), scope: .accounts)
        defer { withExtendedLifetime(lock) {} }
        var book = try AccountBook(cell)
        var found: [String] = []
        for manifest in try ServiceRegistry(loading: cell.layout).services where manifest.accounts != nil {
            do {
                let driver = try await drivers.driver(for: manifest)
                for peer in (book.pending[manifest.id.rawValue] ?? [:]).keys.compactMap({ PeerName($0) }).sorted() {
                    try await settle(&book, manifest.id, peer, driver)
                    let has = book.credentials[manifest.id, peer] != nil
                    found.append("\(manifest.id): \(peer) \(has ? "has an account now" : "has no account any more")")
                }
                let (there, stored) = (
                    try await driver.list(), Set(book.credentials.peers(of: manifest.id).map(\.rawValue))
                )
                found += stored.subtracting(there).sorted().map {
                    "\(manifest.id): the service has no account \($0), but its credentials are stored; account remove, then add"
                }
                found += there.subtracting(stored).sorted().map {
                    "\(manifest.id): the service has an account \($0) that is not ours"
                }
            } catch let error as CancellationError {
                throw error
            } catch {
                found.append("\(error)")
            }
        }
        return found
    }

    /// Finishes what a killed change began.
    private func settle(
        _ book: inout AccountBook, _ service: ServiceID, _ peer: PeerName, _ driver: any AccountDriver
    ) async throws {
        switch book.pending(service, peer) {
        case nil: return
        case .add(let values)?:
            // Its password may be another one than the service knows; the stored one was written first, and is the one.
            let isThere = try await driver.list().contains(peer.rawValue)
            try book.finish(service, peer, isThere ? values : nil)
        case .remove?:
            try await driver.remove(peer.rawValue)
            try book.finish(service, peer, nil)
        }
    }

    private func resolve(_ service: String) throws -> Manifest {
        let manifest = try ServiceRegistry(loading: cell.layout).named(service)
        guard manifest.capabilities.hasAccounts, manifest.accounts != nil else {
            throw RunError(.refused, "\(manifest.id) has no accounts (has_accounts is false in its manifest)")
        }
        return manifest
    }

    private static func name(_ peer: String) throws -> PeerName {
        guard let name = PeerName(peer) else { throw RunError(.usage, "\(peer) is not \(PeerName.rule)") }
        return name
    }

    /// One line of text: it goes to tools on a line of standard input.
    private static func checked(_ password: String) throws -> String {
        guard !password.isEmpty, password.utf8.count <= 512, password.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else {
            throw RunError(.usage, "a password must be one line of at most 512 bytes, without control characters")
        }
        return password
    }
}
