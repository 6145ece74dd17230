internal import Archive
internal import Containers
public import Registry

/// Installs, updates, reconfigures and removes services. Each is a transaction: it happens whole or not at all, also when
/// this program is killed in the middle; the next run that takes the cell's lock finishes it, or takes it back.
public struct ServiceChanges: Sendable {
    let cell: Cell
    let observer: any RunObserver
    let exitCode: @Sendable (any Error) -> Int32

    /// Sets it up; nothing is done yet.
    ///
    /// - Parameter exitCode: maps an error to the exit code that the record keeps.
    public init(_ cell: Cell, observer: any RunObserver, exitCode: @escaping @Sendable (any Error) -> Int32) {
        self.cell = cell
        self.observer = observer
        self.exitCode = exitCode
    }

    /// Installs a service from a package.
    ///
    /// - Throws: before anything is done, `RegistryError` `.manifest` or `.configuration` with every fault, and
    ///   ``RunError`` `.refused` when the service is installed already. Afterwards, what went wrong, when everything is
    ///   as before again.
    public func install(
        _ id: ServiceID, from package: FetchedPackage, _ options: ServiceOptions = ServiceOptions()
    ) async throws -> ServiceOutcome {
        try await perform(.serviceInstall, of: id.rawValue) { session in
            guard try cell.root.status(RelativePath("data/services/\(id)")) == nil else {
                throw RunError(.refused, "\(id) is installed already; picjobs service update \(id) changes its version")
            }
            return try await bring(.install, id, package, options, session)
        }
    }

    /// Brings another version of an installed service. Its data is saved first; when the new version does not become
    /// healthy, the old one comes back with its image, files, configuration, addresses and data.
    ///
    /// - Throws: as ``install(_:from:_:)``; `.refused` for an older version, unless that was asked for.
    public func update(
        _ id: ServiceID, from package: FetchedPackage, _ options: ServiceOptions = ServiceOptions()
    ) async throws -> ServiceOutcome {
        try await perform(.serviceUpdate, of: id.rawValue) { session in
            try await bring(.update, id, package, options, session)
        }
    }

    /// Renders an installed service's files anew, from its stored template and its configuration, and applies them.
    /// - Throws: as ``install(_:from:_:)``.
    public func reconfigure(
        _ id: ServiceID, _ options: ServiceOptions = ServiceOptions()
    ) async throws -> ServiceOutcome {
        try await perform(.serviceReconfigure, of: id.rawValue) { session in
            var options = options
            options.withoutSnapshot = true
            return try await bring(.reconfigure, id, try stored(id), options, session)
        }
    }

    /// Removes a service: route, containers, rules, addresses. Its volumes, configuration and secrets stay for a later
    /// installation, unless they are purged.
    ///
    /// - Throws: ``RunError`` `.failed` when it is not installed; nothing was done then.
    public func remove(_ name: String, purging: Bool = false, isDryRun: Bool = false) async throws -> ServiceOutcome {
        try await perform(.serviceRemove, of: name) { session in
            let registry = try ServiceRegistry(loading: cell.layout)
            let id = try installed(name, registry)
            // One whose manifest can't be read any more must go all the same.
            let manifest = registry.service(id)
            var outcome = ServiceOutcome(id.rawValue)
            outcome.before = manifest?.version
            let caddy = CaddyRun(cell, observer: observer, exitCode: exitCode)
            if manifest?.capabilities.hasSubdomain == true { try await caddy.check() }
            if isDryRun {
                outcome.isChanged = false
                return (outcome, "\(id) could be removed")
            }
            var change = ServiceChange(kind: .remove, service: id.rawValue, run: session.record.id.text)
            change.purges = purging
            if purging, let manifest {
                let record = try InstallRecord(at: RelativePath("data/services/\(id)"), in: cell)
                change.directories = registry.ownPaths(of: manifest, hasScript: record?.installScript != nil)
                    .map(\.rawValue)
            }
            let engine = try await session.serviceEngine()
            let work = ServiceWork(session: session, change: change, id: id, engine: engine) {
                try session.record.begin($0)
            }
            try work.begin(RunStep(change))
            outcome.problems = try await uncancelled { try await work.remove(exitCode) }
            return (outcome, "removed \(id)\(purging ? " with its data" : "; its data is kept")")
        }
    }

    /// Restarts the containers of an installed service, and waits until they are healthy.
    public func restart(_ name: String) async throws -> ServiceOutcome {
        try await perform(.serviceRestart, of: name) { session in
            let manifest = try ServiceRegistry(loading: cell.layout).named(name)
            try session.record.begin(RunStep(.start))
            for container in manifest.allContainers {
                guard let container = Containers.ContainerName(container.rawValue) else { continue }
                try await session.runtime.restart(container)
            }
            var outcome = ServiceOutcome(manifest.id.rawValue)
            let engine = try await session.serviceEngine()
            if cell.isSteered {
                try session.record.begin(RunStep(.network))
                outcome.problems = try await cell.steer(observer: observer, exitCode: exitCode)
            }
            try await engine.waitUntilHealthy(
                manifest.allContainers, within: .seconds(cell.config.healthTimeout))
            outcome.version = manifest.version
            return (outcome, "restarted \(manifest.id)")
        }
    }

    private func perform(
        _ kind: RunKind, of service: String, _ work: (RunSession) async throws -> (ServiceOutcome, String)
    ) async throws -> ServiceOutcome {
        try await RunSession.perform(cell, kind: kind, observer: observer, exitCode: exitCode) { session in
            try requireSettled(service, session)
            let (outcome, result) = try await work(session)
            return (outcome, outcome.ending(result))
        }
    }

    /// - Throws: ``RunError`` `.failed` when an earlier change of the service could neither be finished nor undone.
    private func requireSettled(_ service: String, _ session: RunSession) throws {
        if let reason = session.unclear.objection(toService: service) { throw RunError(.failed, reason) }
        let history = try RunHistory(cell)
        for run in try history.unfinished(except: session.record.id)
        where try history.steps(run.id).pendingChange?.service == service {
            throw RunError(
                .failed,
                "\(service): run \(run.id) is not settled yet (\(run.result ?? "it was killed")); repair that, and try again"
            )
        }
    }

    /// The service of that name, whose manifest may be beyond use.
    /// - Throws: ``RunError`` when nothing of it is installed.
    private func installed(_ name: String, _ registry: ServiceRegistry) throws -> ServiceID {
        guard let id = ServiceID(name), try cell.root.status(RelativePath("data/services/\(id)")) != nil else {
            return try registry.named(name).id
        }
        return id
    }

    /// What an installed service was made from.
    private func stored(_ id: ServiceID) throws -> FetchedPackage {
        let directory = try RelativePath(
            "data/services/\(try installed(id.rawValue, ServiceRegistry(loading: cell.layout)))")
        func read(_ name: RelativePath) throws -> [UInt8]? {
            let place = directory.appending(name)
            return try cell.root.status(place) == nil
                ? nil : try cell.root.readFile(place, limit: StorePackage.sizeLimit)
        }
        guard let manifest = try read("manifest.json") else {
            throw RunError(.refused, "\(directory) holds no manifest.json; install \(id) again")
        }
        return FetchedPackage(
            StorePackage(manifest: manifest, composeTemplate: try read("compose-template.yml")), origin: "\(directory)")
    }
}

extension RunSession {
    /// Who runs the containers of services.
    func serviceEngine() async throws -> any ServiceEngine { try await cell.serviceEngine(run: record.id) }
}

extension Cell {
    /// Who runs the containers of services.
    func serviceEngine(run: RunID) async throws -> any ServiceEngine {
        switch config.runtime {
        case .docker: try await DockerEngine(self, run: run)
        case .local: LocalEngine(cell: self)
        }
    }
}
