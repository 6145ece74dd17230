internal import Archive
internal import Containers
internal import Registry

extension ServiceChanges {
    /// Checks everything that can be checked, then makes the change step by step; a step that fails takes back all.
    func bring(
        _ kind: ServiceChange.Kind, _ id: ServiceID, _ package: FetchedPackage, _ options: ServiceOptions,
        _ session: RunSession
    ) async throws -> (ServiceOutcome, String) {
        let candidate = try await ServiceCandidate(package, for: id, in: cell)
        let manifest = candidate.manifest
        var outcome = ServiceOutcome(id.rawValue)
        outcome.version = manifest.version
        outcome.notes = candidate.advice
        let earlier: Manifest? = kind == .install ? nil : try ServiceRegistry(loading: cell.layout).named(id.rawValue)
        outcome.before = earlier?.version
        if kind == .update, let earlier {
            try checkOrder(earlier, manifest, options)
            // The same version is applied anew where that was asked for.
            if earlier.version == manifest.version, options.settings.isEmpty, !options.runsInstallScript {
                outcome.isChanged = false
                return (outcome, "\(id) \(manifest.version) is installed already")
            }
        }
        let engine = try await session.serviceEngine()
        let draft = try ServiceDraft(
            candidate, settings: options.settings, inUse: try await engine.addressesInUse(except: id), in: cell)
        outcome.addresses = manifest.allContainers.compactMap { name in
            draft.leases.address(of: name, in: id).map { (name.rawValue, $0) }
        }
        try await checkContainers(draft, engine)
        if manifest.capabilities.hasSubdomain {
            try await CaddyRun(cell, observer: observer, exitCode: exitCode).check()
        }
        let script = try checkScript(package, options, &outcome)
        let missing = try draft.missingDirectories(for: script, in: cell)
        if options.isDryRun {
            outcome.isChanged = false
            return (outcome, "\(id) \(manifest.version) could be \(kind == .install ? "installed" : "applied")")
        }

        let conditions = try await engine.conditions(of: earlier?.allContainers ?? [])
        var change = ServiceChange(kind: kind, service: id.rawValue, run: session.record.id.text)
        change.isRunning = conditions.values.contains { $0.isRunning }
        if kind == .update, let earlier {
            outcome.snapshot = try await safetySnapshot(of: earlier, options, session)
            change.snapshot = outcome.snapshot
        }
        try ServiceBooks(cell: cell).note(in: &change, id)
        change.volumes = try await engine.volumes(of: id)
        change.directories = Set(missing.map { "\($0.first)" }).sorted()
        change.images = Dictionary(
            conditions.values.map { ($0.imageName, $0.image) }.filter { $0.1.hasPrefix("sha256:") }
        ) { first, _ in first }
        let work = ServiceWork(session: session, change: change, id: id, engine: engine) {
            try session.record.begin($0)
        }
        try work.begin(RunStep(change))
        do {
            try work.begin(RunStep(.pull))
            outcome.notes += try await engine.fetch(draft.images, refreshing: kind == .update)
            try work.reserve(draft, making: missing.map(\.directory))
            let before = try InstallRecord(at: work.place, in: cell)
            let isSame = kind == .reconfigure
            var record = InstallRecord(
                manifest, from: isSame ? before?.origin ?? package.origin : package.origin,
                sha256: isSame ? before?.sha256 ?? package.sha256 : package.sha256, run: session.record.id,
                earlier: before)
            record.installScript = isSame ? before?.installScript : script?.sha256
            try work.place(draft, record)
            try await work.start(manifest)
            outcome.problems += try await work.steer(exitCode)
            if let script {
                try work.begin(RunStep(.script))
                outcome.notes += try await script.run(in: cell, for: manifest)
            }
            for fault in try await work.route(exitCode) {
                // Another service's fault is none of this one.
                if fault.hasPrefix("\(id):") { throw RunError(.failed, fault) }
                outcome.notes.append(fault)
            }
            try work.begin(RunStep(.commit))
        } catch {
            throw await takenBack(work, after: error)
        }
        try work.sweep()
        try work.begin(RunStep(.done))
        let verb =
            switch kind {
            case .install: "installed"
            case .update: "updated"
            default: "reconfigured"
            }
        return (outcome, "\(verb) \(id) \(manifest.version)")
    }

    /// Undoes the change; the error says what it was, and whether everything is as before.
    private func takenBack(_ work: ServiceWork, after error: any Error) async -> any Error {
        do {
            let notes = try await uncancelled { try await work.undo(try work.session.record.journal(), exitCode) }
            for note in notes { observer.note(note) }
            if error is CancellationError { return error }
            let code = (error as? RunError)?.code ?? .failed
            let before = "; everything is as before"
            let message = "\(error)"
            return RunError(code, message.hasSuffix(before) ? message : message + before, underlying: error)
        } catch let failure {
            return RunError(
                .failed,
                "\(error); and it could not be taken back: \(failure); repair that, and the next command that changes the "
                    + "cell tries again", underlying: error)
        }
    }

    private func checkOrder(_ earlier: Manifest, _ new: Manifest, _ options: ServiceOptions) throws {
        guard let before = SemanticVersion(earlier.version), let after = SemanticVersion(new.version) else { return }
        guard after < before, !options.allowsDowngrade else { return }
        throw RunError(
            .refused,
            "\(new.id) \(new.version) is older than the installed \(earlier.version); --allow-downgrade takes it")
    }

    /// A container that somebody else made under one of the names would be in the way of Compose.
    private func checkContainers(_ draft: ServiceDraft, _ engine: any ServiceEngine) async throws {
        let own = ComposeProject.name(of: draft.manifest.id.rawValue)
        let conditions = try await engine.conditions(of: draft.manifest.allContainers)
        for (name, condition) in conditions.sorted(by: { $0.key.rawValue < $1.key.rawValue })
        where cell.config.runtime == .docker && condition.project != own {
            throw RunError(
                .failed,
                "there is a container \(name) that is not \(draft.manifest.id)'s"
                    + (condition.project.map { " (it belongs to the Compose project \($0))" } ?? "")
                    + "; remove or rename it")
        }
    }

    private func checkScript(
        _ package: FetchedPackage, _ options: ServiceOptions, _ outcome: inout ServiceOutcome
    ) throws -> ConfinedScript? {
        guard let bytes = package.package.installScript else { return nil }
        let script = ConfinedScript(bytes)
        guard options.runsInstallScript else {
            outcome.notes.append(
                "the package has an install.sh (sha256 \(script.sha256)), which was not run; read it; picjobs service "
                    + "update \(outcome.service) --allow-install-script runs it")
            return nil
        }
        return script
    }

    /// What is there now, so that it can come back.
    /// - Throws: ``RunError`` `.failed` when it would not be a way back.
    private func safetySnapshot(
        of manifest: Manifest, _ options: ServiceOptions, _ session: RunSession
    ) async throws -> String? {
        guard !options.withoutSnapshot, let backup = manifest.backup else { return nil }
        let volumes = backup.volumes.map { VolumePlace(manifest.id.rawValue, $0) }
        guard !volumes.isEmpty || !backup.configPaths.isEmpty else { return nil }
        let paths = try cell.present(try backup.configPaths.map { try RelativePath($0.rawValue) })
        let report = try await BackupRun(session, kind: .safety).run(
            volumes: volumes, configPaths: [manifest.id.rawValue: paths])
        let faults = report.unusable
        guard faults.isEmpty, let document = report.document else {
            throw RunError(
                .failed,
                "nothing was changed: the snapshot of \(manifest.id) failed (\(faults.joined(separator: "; "))); repair "
                    + "that, or go without one with --no-snapshot")
        }
        return document.id.description
    }
}
