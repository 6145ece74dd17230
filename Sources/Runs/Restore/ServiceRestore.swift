internal import Archive
internal import Containers

/// Restores volumes of one service: stages each while the service runs, stops what can write to them, swaps all, and
/// starts it again. One volume's failure does not stop the others.
struct ServiceRestore: Sendable {
    let session: RunSession
    let options: RestoreOptions
    /// Nil for whole volumes.
    let paths: [EntryPath]?
    /// The snapshot of what was there before; nil when none was wanted.
    let safety: String?
    let workplaces: Workplaces

    /// One volume with its archive.
    struct Part: Sendable {
        let place: VolumePlace
        let source: ArchiveSource
        let checked: ArchiveSource.Checked
        /// The volume, where its container could be asked.
        let opening: Result<VolumeStream, any Error>
    }

    private struct Ready: Sendable {
        let part: Part
        let restore: VolumeRestore
        var prepared: VolumeRestore.Prepared
        var isReplaced = false
    }

    /// - Throws: `CancellationError`; what was staged is gone then, and what was stopped runs again.
    func run(_ parts: [Part], _ report: inout RestoreReport) async throws {
        var ready: [Ready] = []
        for part in parts {
            do {
                try Task.checkCancellation()
                ready.append(try await prepare(part))
            } catch {
                report.volumes.append(part.outcome(error))
                if Task.isCancelled { return try await abandon(ready, &report) }
            }
        }
        if Task.isCancelled { return try await abandon(ready, &report) }
        guard !ready.isEmpty else { return }
        if !options.withoutRestart {
            do {
                try await workplaces.quiesce(ready.map(\.part.place))
            } catch {
                report.volumes += ready.map { $0.part.outcome(error) }
                await resume(&report)
                for one in ready { await discard(one) }
                return
            }
        }
        for index in ready.indices where !Task.isCancelled {
            do {
                let kept = try await replace(ready[index])
                report.notes += kept
                ready[index].isReplaced = true
            } catch {
                report.volumes.append(ready[index].part.outcome(error))
            }
        }
        // Where a swap can be neither finished nor undone, its old content is the only copy, and the service must not run.
        let between = try session.record.journal().between
        await resume(&report, except: Set(between.map(\.container)))
        for one in ready where !between.contains(one.part.place) {
            guard one.isReplaced else {
                await discard(one)
                continue
            }
            var warnings = one.prepared.warnings
            if options.withoutRestart, session.runtime.lifecycle != nil, one.part.isOfRunning {
                warnings.append(
                    "\(one.part.place): \(one.part.place.container) was not restarted: its processes hold the old files "
                        + "open and may write over what was restored")
            }
            warnings += await sweep(one)
            do { report.unfinished += try await forgetEarlier(one.part.place) } catch { warnings.append("\(error)") }
            report.volumes.append(one.part.outcome(nil, warnings))
        }
        report.volumes.sort { $0.place.description < $1.place.description }
        try Task.checkCancellation()
    }

    private func prepare(_ part: Part) async throws -> Ready {
        if let reason = session.unclear.objection(to: part.place) { throw RunError(.failed, reason) }
        if let reason = session.unsettled[part.place], paths != nil || !options.withoutSafety {
            throw RunError(.failed, reason)
        }
        let session = session
        let restore = VolumeRestore(
            session: session, place: part.place, source: part.source,
            paths: paths, isStrict: options.strictAttributes,
            hasSafety: safety != nil
        ) { step in try session.record.begin(step) }
        let prepared = try await restore.prepare(part.checked, in: try part.opening.get())
        return Ready(part: part, restore: restore, prepared: prepared)
    }

    private func replace(_ one: Ready) async throws -> [String] {
        let place = one.part.place
        let volume = try await workplaces.stream(place)
        let isQuiet = await workplaces.isQuiet(place)
        let (session, safety, runtime) = (session, safety, await workplaces.redirected)
        return try await one.restore.replace(with: one.prepared, in: volume, isQuiet: isQuiet) {
            // What the service wrote when it was stopped is in no snapshot yet, and would be cleared away.
            guard isQuiet, session.runtime.lifecycle != nil else {
                guard let safety else { throw RunError(.failed, "\(place): there is no safety snapshot") }
                return safety
            }
            let report = try await BackupRun(session.with(runtime), kind: .safety).run(
                volumes: [place], configPaths: [:])
            guard report.unusable.isEmpty, let document = report.document else {
                throw RunError(
                    .failed,
                    "\(place): nothing was changed: the safety snapshot of what was there when it was stopped failed: "
                        + report.unusable.joined(separator: "; "))
            }
            return document.id.description
        }
    }

    private func resume(_ report: inout RestoreReport, except waiting: Set<String> = []) async {
        let workplaces = workplaces
        // Also when cancelled: what was stopped must run again.
        report.unfinished += await Task { await workplaces.resume(except: waiting) }.value
    }

    /// Removes the old content; whatever keeps it from going is a warning.
    private func sweep(_ one: Ready) async -> [String] {
        guard let staged = one.prepared.staged else { return [] }
        let (workplaces, place, restore) = (workplaces, one.part.place, one.restore)
        do {
            return try await uncancelled { try await restore.sweep(staged, in: try await workplaces.reopen(place)) }
        } catch {
            return [
                "\(place): the old content is in \(staged.stage) of the volume and not removed yet: \(error); the next "
                    + "run does it"
            ]
        }
    }

    private func discard(_ one: Ready) async {
        guard let staged = one.prepared.staged else { return }
        let (workplaces, place, restore) = (workplaces, one.part.place, one.restore)
        do {
            try await uncancelled { try await restore.discard(staged, in: try await workplaces.reopen(place)) }
        } catch {
            session.observer.warn(
                "\(place): what was staged is in \(staged.stage) of the volume and not removed yet: \(error); the next "
                    + "run does it")
        }
    }

    private func abandon(_ ready: [Ready], _ report: inout RestoreReport) async throws {
        for one in ready { await discard(one) }
        for outcome in report.volumes {
            if let error = outcome.error, !(error is CancellationError) {
                session.observer.warn("\(outcome.place): \(error)")
            }
        }
        throw CancellationError()
    }

    private func forgetEarlier(_ place: VolumePlace) async throws -> [String] {
        paths == nil ? try await Recovery(session).forget(place) : []
    }
}

extension ServiceRestore.Part {
    fileprivate var isOfRunning: Bool {
        guard case .success(let volume) = opening else { return false }
        return volume.container.text == place.container && volume.info.isRunning
    }

    fileprivate func outcome(_ error: (any Error)?, _ warnings: [String] = []) -> VolumeOutcome {
        VolumeOutcome(
            place: place, snapshot: source.snapshot, entries: checked.named, error: error,
            warnings: warnings)
    }
}
