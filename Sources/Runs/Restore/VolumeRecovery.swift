internal import Archive
internal import Containers

/// Brings the volumes of a killed or failed restore to their old or their new state, starts what it had stopped, and
/// removes what it left.
///
/// Steps are journaled in that run's own journal, so that a kill of ours finds how far we came.
struct VolumeRecovery: Sendable {
    private let session: RunSession
    private let run: RunID
    private let steps: [RunStep]
    private let begin: @Sendable (RunStep) throws -> Void

    init(_ session: RunSession, _ run: RunID, _ steps: [RunStep]) throws {
        self.session = session
        self.run = run
        self.steps = steps
        let history = try RunHistory(session.cell)
        begin = { step in try history.append(step, to: run) }
    }

    /// - Parameter unsettled: takes the volumes that could not be settled, each with the reason.
    /// - Returns: a sentence for all that was done, or could not be.
    func run(_ unsettled: inout [VolumePlace: String]) async throws -> [String] {
        let places = Set(steps.compactMap(\.volume)).sorted { $0.description < $1.description }
        let pending = places.filter { steps.unsettled.contains($0) || steps.leftovers[$0] != nil }
        guard !pending.isEmpty || !steps.stopped.isEmpty else { return [] }
        var results: [String] = []
        // Stand-ins of the run that was killed have its name; ours have our own.
        do {
            try await session.runtime.lifecycle?.removeStandIns(run: run.text)
        } catch {
            session.observer.warn("a container of run \(run) may be left: \(error)")
        }
        let stopped = steps.stopped
        let workplaces = Workplaces(session, stopped: stopped, begin: begin)
        var waiting: Set<String> = []
        for place in pending {
            do {
                if let result = try await settle(place, workplaces, isStopped: !stopped.isEmpty) {
                    results.append(result)
                }
            } catch let error as CancellationError {
                throw error
            } catch {
                waiting.insert(place.container)
                let reason =
                    "the restore of run \(run) is not finished here: \(error); what was there before is in its "
                    + "staging directory or its safety snapshot; repair that, or restore the whole volume with "
                    + "--no-safety-snapshot"
                unsettled[place] = reason
                session.observer.warn("\(place): \(reason)")
                results.append("\(place) could not be settled: \(error)")
            }
        }
        let held = waiting
        let started = await workplaces.resume(except: held)
        for line in started { session.observer.warn(line) }
        results += started
        for place in pending where unsettled[place] == nil {
            do {
                results += try await sweep(place, workplaces)
            } catch let error as CancellationError {
                throw error
            } catch {
                results.append("\(place): the staging directory is not removed yet: \(error)")
            }
        }
        results += await workplaces.close()
        return results
    }

    private func last(_ place: VolumePlace) -> RunStep? {
        steps.last { $0.volume == place && $0.step.changesVolume }
    }

    private func paths(_ step: RunStep) throws -> [EntryPath]? {
        try step.paths?.map { path in
            guard let path = EntryPath(text: path) else {
                throw RunError(.failed, "the journal of run \(run) has a bad path")
            }
            return path
        }
    }

    /// Brings one volume to its old or its new state; nil when it needed nothing.
    private func settle(_ place: VolumePlace, _ workplaces: Workplaces, isStopped: Bool) async throws -> String? {
        guard let last = last(place), steps.between.contains(place) else { return nil }
        var volume = try await workplaces.open(place)
        if isStopped {
            // A person, or the engine at boot, may have started it since: nothing of it may write now.
            try await workplaces.quiesce([place])
            volume = try await workplaces.stream(place)
        }
        if last.step == .fill {
            guard let safety = last.safety else {
                throw RunError(
                    .failed, "\(place) was cleared by a restore that was killed and has no safety snapshot; restore it")
            }
            try await Refill(session, place).run(from: safety, in: volume)
            try begin(RunStep(.settled, place))
            return "\(place) was filled again from the safety snapshot \(safety)"
        }
        guard let name = last.stage else { return nil }
        let stage = VolumeStage(volume: volume, name: name, paths: try paths(last))
        guard try await stage.isPresent() else {
            throw RunError(
                .failed,
                "\(place): \(stage.root) is gone, which held its \(last.step == .swapIn ? "restored" : "old") content: if the "
                    + "volume is not mounted, mount it; otherwise restore it")
        }
        let isForward = last.step == .swapIn
        if isForward {
            // Everything old is aside and everything new was compared: forward is the shorter way.
            try await stage.swapIn()
            try await stage.checkSwap(nil, alone: false)
        } else {
            try await stage.swapBack()
        }
        let kept = try await stage.keepLate()
        if isForward, last.paths == nil {
            try await volume.setRoot(last.root)
        } else {
            try await volume.setTime(last.root)
        }
        try await volume.sync()
        try begin(
            RunStep(.sweep, place, stage: name, paths: last.paths, snapshot: last.snapshot, root: last.root))
        return ["\(place): the restore was \(isForward ? "finished" : "undone")"]
            .appending(kept.map { VolumeRestore.keptNote(place, $0) }).joined(separator: "; ")
    }

    /// Removes what is left of a staging directory.
    private func sweep(_ place: VolumePlace, _ workplaces: Workplaces) async throws -> [String] {
        guard let last = last(place), last.step != .fill, let name = last.stage else { return [] }
        let volume = try await workplaces.open(place)
        let stage = VolumeStage(volume: volume, name: name, paths: try paths(last))
        let wasPresent = try await stage.isPresent()
        var results: [String] = []
        if wasPresent { results = try await VolumeSweep(place: place, volume: volume, begin: begin).run(name) }
        if last.step == .sweep, let root = last.root, let now = try await volume.currentRoot(), !now.isLike(root) {
            // An earlier version set them only after the removal.
            try await volume.setRoot(root)
        } else if [.stage, .compare, .sweep].contains(last.step) {
            try await volume.setTime(last.root)
        }
        if !wasPresent { try begin(RunStep(.settled, place)) }
        return results.isEmpty && !steps.between.contains(place)
            ? ["\(place): the staging directory was removed"] : results
    }
}

extension [String] {
    fileprivate func appending(_ line: String?) -> [String] { line.map { self + [$0] } ?? self }
}
