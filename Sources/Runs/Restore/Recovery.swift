internal import Archive
internal import Containers

/// Finishes or undoes what killed and failed runs left: in volumes, in the backup root, in the containers.
///
/// Whoever runs it holds the cell's lock, so every unfinished journal belongs to a run that does nothing any more.
struct Recovery: Sendable {
    let session: RunSession

    init(_ session: RunSession) { self.session = session }

    /// Returns what it could not settle, with the reason: one volume's trouble must not keep the others from their
    /// backups.
    func run() async throws -> [VolumePlace: String] {
        let cell = session.cell
        let history = try RunHistory(cell)
        var unsettled: [VolumePlace: String] = [:]
        for run in try history.unfinished(except: session.record.id) {
            let steps = try history.steps(run.id)
            if let reason = session.unclear.objection(to: steps) {
                for place in steps.unsettled { unsettled[place] = reason }
                continue
            }
            await endProcesses(of: run, steps)
            var results: [String] = []
            for place in Set(steps.compactMap(\.volume)) {
                do {
                    if let result = try await settle(place, steps.filter { $0.volume == place }, of: run.id) {
                        results.append(result)
                    }
                } catch let error as CancellationError {
                    throw error
                } catch {
                    let reason =
                        "the restore of run \(run.id) is not finished here: \(error); what was there before is in its "
                        + "staging directory or its safety snapshot; repair that, or restore the whole volume with "
                        + "--no-safety-snapshot"
                    unsettled[place] = reason
                    session.observer.note("\(place): \(reason)")
                    results.append("\(place) could not be settled: \(error)")
                }
            }
            results += try await restart(try history.steps(run.id), of: run.id)
            let journal = try history.steps(run.id)
            do {
                if let result = try await settleChange(journal, of: run.id) { results.append(result) }
            } catch let error as CancellationError {
                throw error
            } catch {
                let service = journal.pendingChange?.service ?? "a service"
                results.append("its change of \(service) could not be settled: \(error)")
            }
            let end = run.state == .running ? "killed" : "left unfinished"
            let result = end + "; " + (results.isEmpty ? "nothing was left to undo" : results.joined(separator: "; "))
            session.observer.note("run \(run.id) was \(result)")
            try history.markInterrupted(run, result: result)
        }
        // What stands in the store may be part of what a run did whose record is not understood.
        for name in session.unclear.isEmpty ? try cell.existingStore()?.cleanUp() ?? [] : [] {
            session.observer.note("removed \(name), left by a killed run")
        }
        _ = try cell.root.directoryIfPresent("data/keys")?.removeTemporaries()
        try history.removeOld(days: cell.config.keepRunsDays, except: session.record.id)
        return unsettled
    }

    /// Restarts the containers whose files a run replaced; returns a sentence for each that could not be.
    func restart(_ steps: [RunStep], of run: RunID) async throws -> [String] {
        var faults: [String] = []
        for (name, place) in steps.unrestarted.sorted(by: { $0.key < $1.key }) {
            guard !steps.unsettled.contains(where: { $0.container == name }), let container = ContainerName(name)
            else { continue }
            do {
                try await session.runtime.restart(container)
            } catch let error as CancellationError {
                throw error
            } catch {
                faults.append("\(name) was restored but not restarted: \(error); restart it yourself")
            }
            try RunHistory(session.cell).append(RunStep(.restart, place), to: run)
        }
        return faults
    }

    /// A whole volume was restored: what earlier runs left there is gone with everything else.
    func forget(_ place: VolumePlace) throws {
        guard session.unsettled[place] != nil else { return }
        let history = try RunHistory(session.cell)
        for run in try history.unfinished(except: session.record.id)
        where try history.steps(run.id).unsettled.contains(place) {
            try history.append(RunStep(.settled, place), to: run.id)
            try history.append(RunStep(.restart, place), to: run.id)
            try history.markInterrupted(run, result: "\(place) was restored anew by run \(session.record.id)")
        }
    }

    /// A tar may still run in a container when its docker CLI was killed.
    private func endProcesses(of run: RunSummary, _ steps: [RunStep]) async {
        for name in Set(steps.compactMap { $0.volume?.container }) {
            guard let container = ContainerName(name) else { continue }
            do {
                _ = try await session.runtime.endLeftovers(run: run.id.text, in: container)
            } catch let error as ContainerError where error.code == .notFound {
                continue
            } catch {
                session.observer.note("processes of run \(run.id) may be left in \(name): \(error)")
            }
        }
    }

    /// Brings one volume to its old or its new state; nil when it needed nothing.
    private func settle(_ place: VolumePlace, _ steps: [RunStep], of run: RunID) async throws -> String? {
        guard let last = steps.last(where: { $0.step.changesVolume }), last.step != .settled else { return nil }
        // In that run's journal, so that a kill of ours finds how far we came.
        func begin(_ step: RunStep) throws { try RunHistory(session.cell).append(step, to: run) }
        if last.step == .fill {
            guard let safety = last.safety else {
                throw RunError(
                    .failed, "\(place) was cleared by a restore that was killed and has no safety snapshot; restore it")
            }
            try await Refill(session, place).run(from: safety)
            try begin(RunStep(.settled, place))
            return "\(place) was filled again from the safety snapshot \(safety)"
        }
        guard let name = last.stage else { return nil }
        let volume = try await VolumeStream(
            place, session.runtime, stallTimeout: session.cell.config.stallTimeout)
        let stage = VolumeStage(
            volume: volume, name: name,
            paths: try last.paths?.map { path in
                guard let path = EntryPath(text: path) else {
                    throw RunError(.failed, "\(place): bad path in a journal")
                }
                return path
            })
        var result = "\(place): the staging directory was removed"
        if try await stage.isPresent() {
            switch last.step {
            case .swapIn:
                // Everything old is aside and everything new was compared: forward is the shorter way.
                try await stage.swapIn()
                result = "\(place): the restore was finished"
            case .swapOut:
                try await stage.swapBack()
                result = "\(place): the restore was undone"
            default: break
            }
            try begin(
                RunStep(
                    .sweep, place, stage: name, paths: last.paths, snapshot: last.snapshot, root: last.root))
            try await stage.remove()
            try await volume.setRoot(last.root)
        }
        try begin(RunStep(.settled, place))
        return result
    }
}
