internal import Archive
internal import Containers
internal import Registry
internal import SystemPackage

/// The steps of a service's change. Each is journaled before it is done, and can be done again: what a kill left
/// half-done is made whole by whoever finds the journal.
struct ServiceWork: Sendable {
    let session: RunSession
    let change: ServiceChange
    let id: ServiceID
    let engine: any ServiceEngine
    /// Writes a step into the journal of the run that the change belongs to.
    let begin: @Sendable (RunStep) throws -> Void

    var cell: Cell { session.cell }
    private var books: ServiceBooks { ServiceBooks(cell: cell) }

    /// `data/services/<id>`
    var place: RelativePath { get throws { try RelativePath("data/services/\(id)") } }
    /// `data/services/.<id>-<run>`
    var aside: RelativePath { get throws { try RelativePath("data/services/\(change.aside)") } }

    /// The absolute path of the Compose file in a directory of services.
    func composeFile(_ directory: RelativePath) throws -> FilePath {
        try cell.absoluteRoot.appending("\(directory)").appending("docker-compose.yml")
    }

    // MARK: forward

    /// Leases, secrets and configuration; and the directories that are not there yet.
    func reserve(_ draft: ServiceDraft, making directories: [RelativePath]) throws {
        try begin(RunStep(.reserve))
        try books.write(draft.leases)
        try books.write(draft.secrets)
        if !draft.config.isEmpty { try CellConfigFile.update(cell) { $0.setting(draft.config, for: id) } }
        for directory in directories {
            _ = try cell.root.createDirectories(directory, mode: 0o755)
        }
    }

    /// The service's files take their place in one step.
    func place(_ draft: ServiceDraft, _ record: InstallRecord) throws {
        try begin(RunStep(.place))
        _ = try cell.root.createDirectories("data/services", mode: 0o755)
        let directory = try cell.root.createDirectory(aside, mode: 0o755)
        try directory.writeAtomically("manifest.json", draft.candidate.package.manifest, mode: 0o644)
        if let template = draft.candidate.package.composeTemplate {
            try directory.writeAtomically("compose-template.yml", template, mode: 0o644)
        }
        try directory.writeAtomically("docker-compose.yml", draft.composeFile, mode: 0o600)
        try directory.writeAtomically("install.json", try record.bytes, mode: 0o644)
        if change.kind == .install {
            try cell.root.rename(aside, to: place, replacing: false)
        } else {
            try cell.root.exchange(aside, with: place)
        }
        try cell.root.directory("data/services").sync()
    }

    /// The containers run, and are healthy.
    func start(_ manifest: Manifest) async throws {
        try begin(RunStep(.start))
        try await run(manifest)
    }

    private func run(_ manifest: Manifest) async throws {
        try await engine.up(id, file: composeFile(place), idle: nil)
        try await engine.waitUntilHealthy(manifest.allContainers, within: .seconds(cell.config.healthTimeout))
    }

    /// The kernel lets the service's packets go where they may, and no others.
    /// - Returns: what is not as planned; the service is closed then, not open.
    func steer(_ exitCode: @escaping @Sendable (any Error) -> Int32) async throws -> [String] {
        guard cell.isSteered else { return [] }
        try begin(RunStep(.network))
        return try await cell.steer(observer: session.observer, exitCode: exitCode)
    }

    /// Caddy serves what is installed now.
    /// - Parameter always: also when the files say that it does already: a kill may have come between Caddy and them.
    func route(always: Bool = false, _ exitCode: @escaping @Sendable (any Error) -> Int32) async throws -> [String] {
        let caddy = CaddyRun(cell, observer: session.observer, exitCode: exitCode)
        guard try always || caddy.isPending() else { return [] }
        try begin(RunStep(.caddy))
        return try await caddy.apply().faults
    }

    /// The same where a Caddy that does not answer is no reason to stop.
    private func routeOrSay(
        always: Bool, _ exitCode: @escaping @Sendable (any Error) -> Int32
    ) async throws -> [String] {
        do {
            return try await route(always: always, exitCode)
        } catch let error as CancellationError {
            throw error
        } catch {
            return ["Caddy was not told: \(error); then run picjobs caddy apply"]
        }
    }

    /// What stands aside goes.
    func sweep() throws {
        try begin(RunStep(.sweep))
        try cell.root.removeTree(aside)
    }

    // MARK: back

    /// Everything is as it was before, whatever of the change was done.
    ///
    /// - Parameter steps: the change's journal.
    /// - Returns: a sentence for everything that could not be put back and is no reason to stop.
    func undo(_ steps: [RunStep], _ exitCode: @escaping @Sendable (any Error) -> Int32) async throws -> [String] {
        try begin(RunStep(.undo))
        let done = steps.ofChange
        switch change.kind {
        case .install: try await undoInstall()
        case .update, .reconfigure: try await undoReplacement(wasStarted: done.contains(.start))
        case .remove: break
        }
        var notes: [String] = []
        if done.contains(.network) || done.contains(.start) { notes += try await steer(exitCode) }
        notes += try await routeOrSay(always: done.contains(.caddy), exitCode)
        try cell.root.removeTree(aside)
        try begin(RunStep(.done))
        return notes
    }

    private func undoInstall() async throws {
        try await engine.down(id, withData: true)
        try await removeNewVolumes()
        if try isInPlace() {
            try cell.root.removeTree(aside)
            try cell.root.rename(place, to: aside, replacing: false)
        }
        try books.restore(change, id)
        try removeDirectories()
    }

    private func undoReplacement(wasStarted: Bool) async throws {
        if try isInPlace() { try cell.root.exchange(aside, with: place) }
        try books.restore(change, id)
        try await engine.restore(change.images)
        guard wasStarted else { return try removeDirectories() }
        if let snapshot = change.snapshot {
            try await engine.down(id, withData: false)
            try await refill(from: snapshot)
        }
        try await engine.down(id, withData: false)
        try await removeNewVolumes()
        try removeDirectories()
        guard change.isRunning else { return }
        try await run(try ServiceRegistry(loading: cell.layout).named(id.rawValue))
    }

    /// Volumes that the change has made.
    private func removeNewVolumes() async throws {
        try await engine.removeVolumes(try await engine.volumes(of: id).filter { !change.volumes.contains($0) })
    }

    private func removeDirectories() throws {
        for path in change.directories { try cell.root.removeTree(try RelativePath(path)) }
    }

    /// The data as the snapshot has it, into containers that do nothing: what runs in them could not write meanwhile,
    /// and may not even start with what the other version left.
    private func refill(from snapshot: String) async throws {
        let manifest = try ServiceRegistry(loading: cell.layout).named(id.rawValue)
        let idle = try aside.appending("idle.yml")
        _ = try cell.root.createDirectories(aside, mode: 0o755)
        try cell.root.writeAtomically(idle, IdleOverride.bytes(manifest.allContainers), mode: 0o644)
        try await engine.up(id, file: composeFile(place), idle: cell.absoluteRoot.appending("\(idle)"))
        var options = RestoreOptions(snapshot: snapshot)
        options.services = [id.rawValue]
        options.withoutSafety = true
        options.withoutRestart = true
        options.config = true
        let report = try await RestoreRun(session, options).run()
        let faults =
            report.volumes.compactMap { volume in volume.error.map { "\(volume.place): \($0)" } } + report.unfinished
        guard faults.isEmpty else {
            throw RunError(
                .failed,
                "the data of \(id) is not back: \(faults.joined(separator: "; ")); repair that, and run any command again, "
                    + "or picjobs restore \(snapshot) --service \(id)")
        }
    }

    /// Whether the files that this change brought stand in the service's place.
    private func isInPlace() throws -> Bool {
        try InstallRecord(at: place, in: cell)?.run == change.run
    }

    // MARK: removal

    /// A removal goes forward only: from its first step to its last, whatever of it was done before.
    /// - Returns: a sentence for everything that is left for a person.
    func remove(_ exitCode: @escaping @Sendable (any Error) -> Int32) async throws -> [String] {
        var notes: [String] = []
        try begin(RunStep(.place))
        if try cell.root.status(place) != nil, try cell.root.status(aside) == nil {
            try cell.root.rename(place, to: aside, replacing: false)
            try cell.root.directory("data/services").sync()
        }
        notes += try await routeOrSay(always: true, exitCode)
        try begin(RunStep(.stop))
        try await engine.down(id, withData: change.purges)
        if change.purges { try await engine.removeVolumes(try await engine.volumes(of: id)) }
        notes += try await steer(exitCode)
        try begin(RunStep(.reserve))
        try books.release(id, purging: change.purges)
        if change.purges {
            try removeDirectories()
            notes += try forgetBackups()
        }
        try sweep()
        try begin(RunStep(.done))
        return notes
    }

    private func forgetBackups() throws -> [String] {
        guard let store = try cell.existingStore(), let key = try cell.key() else { return [] }
        let paths = try change.directories.map { try RelativePath($0) }
        let left = try store.forget(id.rawValue, directory: place, configPaths: paths, key: key).left
        return left.map {
            "snapshot \($0) still holds \(id): the cell's key does not vouch for it, so it is left alone"
        }
    }
}
