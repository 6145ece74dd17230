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
            var results = try await VolumeRecovery(session, run.id, steps).run(&unsettled)
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
            session.observer.warn("run \(run.id) was \(result)")
            do { try history.markInterrupted(run, result: result) } catch {
                session.observer.warn("the record of run \(run.id) still says \(run.state): \(error)")
            }
        }
        // What stands in the store may be part of what a run did whose record is not understood.
        for name in session.unclear.isEmpty ? try cell.existingStore()?.cleanUp() ?? [] : [] {
            session.observer.note("removed \(name), left by a killed run")
        }
        await removeStandIns(history)
        for line in CellTemporaries(cell).sweep() { session.observer.warn(line) }
        for line in try history.removeOld(days: cell.config.keepRunsDays, except: session.record.id) {
            session.observer.warn(line)
        }
        return unsettled
    }

    /// A kill while docker was asked for a stand-in leaves one that is made only afterwards. No other run of the cell is
    /// under way, so those of its runs are over.
    private func removeStandIns(_ history: RunHistory) async {
        guard let lifecycle = session.runtime.lifecycle else { return }
        do {
            for text in try await lifecycle.runsWithStandIns() {
                guard let id = RunID(text), id != session.record.id, try history.knows(id) else { continue }
                try await lifecycle.removeStandIns(run: text)
            }
        } catch {
            // An engine that does not answer is told of by what needs it.
            return
        }
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

    /// A whole volume was restored: nothing of it is left to finish or undo of earlier runs. What they had stopped runs
    /// again, and what they left in the volume is removed by the next run.
    ///
    /// - Returns: a sentence for each container that could not be started.
    func forget(_ place: VolumePlace) async throws -> [String] {
        guard session.unsettled[place] != nil else { return [] }
        var faults: [String] = []
        let history = try RunHistory(session.cell)
        for run in try history.unfinished(except: session.record.id) {
            let steps = try history.steps(run.id)
            guard steps.unsettled.contains(place) else { continue }
            let stage = steps.last { $0.volume == place && $0.step.changesVolume }?.stage
            try history.append(RunStep(stage == nil ? .settled : .leftover, place, stage: stage), to: run.id)
            try history.append(RunStep(.restart, place), to: run.id)
            if steps.unsettled == [place] {
                let id = run.id
                faults += await Workplaces(session, stopped: steps.stopped) { try history.append($0, to: id) }.resume()
            }
            try history.markInterrupted(run, result: "\(place) was restored anew by run \(session.record.id)")
        }
        return faults
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
                session.observer.warn("processes of run \(run.id) may be left in \(name): \(error)")
            }
        }
    }
}
