internal import Archive
internal import Containers

/// Finishes or undoes what killed runs left: in volumes, in the backup root, in the containers.
///
/// Whoever runs it holds the cell's lock, so every unfinished journal belongs to a process that is dead.
struct Recovery: Sendable {
    private let session: RunSession

    init(_ session: RunSession) { self.session = session }

    func run() async throws {
        let cell = session.cell
        let history = try RunHistory(cell)
        for run in try history.unfinished(except: session.record.id) {
            let steps = try history.steps(run.id)
            await endProcesses(of: run, steps)
            var results: [String] = []
            for place in Set(steps.compactMap(\.volume)) {
                let own = steps.filter { $0.volume == place }
                if let result = try await settle(place, own) { results.append(result) }
            }
            let result =
                results.isEmpty ? "killed; nothing was left to undo" : "killed; " + results.joined(separator: "; ")
            session.observer.note("run \(run.id) was \(result)")
            try history.markInterrupted(run, result: result)
        }
        for name in try cell.store().cleanUp() { session.observer.note("removed \(name), left by a killed run") }
        _ = try cell.root.directoryIfPresent("data/keys")?.removeTemporaries()
        try history.removeOld(days: cell.config.keepRunsDays, except: session.record.id)
    }

    /// A tar may still run in a container when its docker CLI was killed.
    private func endProcesses(of run: RunSummary, _ steps: [RunStep]) async {
        for name in Set(steps.compactMap { $0.volume?.container }) {
            guard let container = ContainerName(name) else { continue }
            do {
                _ = try await session.runtime.endLeftovers(run: run.id.text, in: container)
            } catch {
                session.observer.note("processes of run \(run.id) may be left in \(name): \(error)")
            }
        }
    }

    /// Brings one volume to its old or its new state; nil when it needed nothing.
    private func settle(_ place: VolumePlace, _ steps: [RunStep]) async throws -> String? {
        guard let last = steps.last(where: { $0.step.changesVolume }), last.step != .settled else { return nil }
        if last.step == .fill {
            guard let safety = last.safety else {
                throw RunError(
                    .failed, "\(place) was cleared by a restore that was killed and has no safety snapshot; restore it")
            }
            try await Refill(session, place).run(from: safety)
            try session.record.begin(RunStep(.settled, place))
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
        try await stage.remove()
        try await volume.setRoot(last.root)
        try session.record.begin(RunStep(.settled, place))
        return result
    }
}

extension RunStep.Kind {
    /// Whether a kill behind this step leaves something in the volume.
    fileprivate var changesVolume: Bool {
        switch self {
        case .stage, .compare, .swapOut, .swapIn, .sweep, .fill, .settled: true
        default: false
        }
    }
}
