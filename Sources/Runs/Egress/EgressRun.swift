internal import Archive
internal import FoundationEssentials
internal import Netfilter
internal import Registry

/// Changes of the network that a person or a job asks for: each a run with a record, under a lock of its own.
///
/// While `egress watch` runs, the tables belong to it: it is asked to do the work.
public struct EgressRun: Sendable {
    private let cell: Cell
    private let observer: any RunObserver
    private let exitCode: @Sendable (any Error) -> Int32

    /// Sets it up; nothing is done yet.
    ///
    /// - Parameter exitCode: maps an error to the exit code that the record keeps.
    public init(
        _ cell: Cell, observer: any RunObserver, exitCode: @escaping @Sendable (any Error) -> Int32
    ) {
        self.cell = cell
        self.observer = observer
        self.exitCode = exitCode
    }

    /// What would be changed; nothing is.
    /// - Throws: ``RunError``, ``ContainerError``.
    public func plan() async throws -> EgressOutcome {
        try Capability.requireAll()
        let inventory = try await EgressInventory(cell)
        return EgressOutcome(EgressControl().pending(inventory.plan, in: inventory.places), inventory)
    }

    /// Brings everything to the plan.
    ///
    /// - Parameters:
    ///   - job: the job that asks for it.
    ///   - onlyGuard: closes the host before services run, and does no more.
    /// - Throws: ``RunError`` `.busy`, ``ContainerError``.
    public func apply(job: String? = nil, onlyGuard: Bool = false) async throws -> (run: RunID, EgressOutcome) {
        try await perform(.egressApply, job: job) { session in
            try session.record.begin(RunStep(.network))
            return try await Self.ask(cell, onlyGuard ? .closeHost : .converge)
        }
    }

    /// Chooses another exit for a service: it is saved, then the kernel is changed and old flows are cut.
    ///
    /// - Throws: ``RunError`` `.usage` for a word that is no exit, `.refused` for an exit that the manifest does not
    ///   allow; nothing was changed then.
    public func set(_ service: String, exit: String) async throws -> (run: RunID, EgressOutcome) {
        let (id, exit) = try check(service, exit)
        return try await perform(.egressSet) { session in
            try session.record.begin(RunStep(.save))
            try save(exit, of: id)
            try session.record.begin(RunStep(.network))
            return try await Self.ask(cell, .converge)
        }
    }

    /// Checks the words of ``set(_:exit:)``, and no more.
    public func check(_ service: String, exit: String) throws { _ = try check(service, exit) }

    private func check(_ service: String, _ exit: String) throws -> (ServiceID, Registry.Exit) {
        let words = Registry.Exit.allCases.map(\.rawValue).joined(separator: ", ")
        guard let exit = Registry.Exit(rawValue: exit) else {
            throw RunError(.usage, "\(exit) is no exit; there are \(words)")
        }
        let manifest = try ServiceRegistry(loading: cell.layout).named(service)
        let id = manifest.id
        guard manifest.capabilities.hasEgress, let egress = manifest.egress else {
            throw RunError(
                .refused, "\(id) has no choice of exits (has_egress is false in its manifest); it leaves by default")
        }
        guard egress.allowed.contains(exit) else {
            throw RunError(
                .refused,
                "\(id) must not use \(exit.rawValue); its manifest allows "
                    + egress.allowed.map(\.rawValue).joined(separator: ", "))
        }
        return (id, exit)
    }

    /// Takes away all that is ours: afterwards the services are open.
    /// - Throws: ``RunError`` `.busy`, ``ContainerError``.
    public func reset() async throws -> (run: RunID, EgressOutcome) {
        try await perform(.egressReset) { session in
            try session.record.begin(RunStep(.network))
            return try await Self.ask(cell, .reset)
        }
    }

    /// Writes the exit into `config/cell_config.json`, which other programs write, too.
    private func save(_ exit: Registry.Exit, of id: ServiceID) throws {
        try CellConfigFile.update(cell) { config in
            config.service(id).egress == exit.rawValue ? nil : config.setting(exit: exit, for: id)
        }
    }

    /// Asks the watcher if there is one, else does it here.
    private static func ask(_ cell: Cell, _ request: EgressRequest) async throws -> EgressOutcome {
        if let outcome = try await EgressSocket.ask(cell, request) { return outcome }
        return try await EgressWork(cell).perform(request)
    }

    private func perform(
        _ kind: RunKind, job: String? = nil, _ work: (RunSession) async throws -> EgressOutcome
    ) async throws -> (run: RunID, EgressOutcome) {
        // Before a record, a saved choice or a half-changed network: the watcher has the rights, or we must have them.
        if try !EgressSocket.hasWatcher(cell) { try Capability.requireAll() }
        return try await RunSession.perform(cell, kind: kind, job: job, observer: observer, exitCode: exitCode) {
            session in
            let outcome = try await work(session)
            for change in outcome.changes { session.record.log("\(change.place): \(change.step)") }
            return ((session.record.id, outcome), outcome.ending)
        }
    }
}
