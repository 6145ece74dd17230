internal import Archive
internal import Containers
internal import FoundationEssentials
internal import Registry

/// Deals with one run that is not settled, because a person asks for it (`jobs settle`).
public struct RunSettlement: Sendable {
    private let cell: Cell
    private let id: RunID
    private let observer: any RunObserver

    /// What was done.
    public struct Report: Sendable {
        /// The run as it stands now.
        public let run: RunSummary
        /// What is left of it, where; a sentence for each thing.
        public let left: [String]
        /// One sentence.
        public let result: String
    }

    /// Sets it up; nothing is done yet.
    public init(_ cell: Cell, _ id: RunID, observer: any RunObserver) {
        self.cell = cell
        self.id = id
        self.observer = observer
    }

    /// Tries once more to finish or undo what the run has begun.
    ///
    /// - Parameter exitCode: maps an error to the exit code that the record keeps.
    /// - Throws: ``RunError`` `.failed` where it is not settled now.
    public func undo(exitCode: (any Error) -> Int32) async throws -> Report {
        let before = try RunHistory(cell).summary(id)
        return try await perform(exitCode) { _ in
            // Every run begins by settling what earlier ones left.
            let run = try RunHistory(cell).record(id)
            guard run.isUnderstood, !run.isPending else {
                throw RunError(
                    .failed,
                    "run \(id) is not settled: \(run.shown.result ?? "it was killed"); repair that and try again, or see "
                        + "with picjobs jobs settle \(id) --forget what is left where")
            }
            let wasPending = before.state == .running || before.state == .unsettled
            return Report(
                run: run.shown, left: [],
                result: wasPending ? run.shown.result ?? "settled" : "nothing was left to settle")
        }
    }

    /// Takes the run for dealt with by a person; nothing that it left is touched.
    ///
    /// - Parameter exitCode: maps an error to the exit code that the record keeps.
    public func forget(exitCode: (any Error) -> Int32) async throws -> Report {
        try await perform(exitCode) { session in
            let history = try RunHistory(cell)
            let run = try history.record(id)
            guard run.isPending || !run.isUnderstood else {
                return Report(run: run.shown, left: [], result: "nothing was left to settle")
            }
            let left = try await leftovers(of: run, session)
            let result =
                "settled by hand, with nothing touched; left: "
                + (left.isEmpty ? "nothing that is known" : left.joined(separator: "; "))
            try history.settle(run, result: result)
            return Report(run: try history.summary(id), left: left, result: result)
        }
    }

    private func perform(
        _ exitCode: (any Error) -> Int32, _ work: (RunSession) async throws -> Report
    ) async throws -> Report {
        _ = try RunHistory(cell).record(id)
        return try await RunSession.perform(cell, kind: .settle, observer: observer, exitCode: exitCode) { session in
            let report = try await work(session)
            return (report, RunSession.Ending(exitCode: 0, result: "run \(id): \(report.result)"))
        }
    }

    private func leftovers(of run: RecordedRun, _ session: RunSession) async throws -> [String] {
        let (steps, unclear) = (run.journal.steps, UnclearRun(run))
        var places = run.isUnderstood ? steps.unsettled.union(steps.leftovers.keys) : Set(steps.compactMap(\.volume))
        if !run.isUnderstood {
            let installed = try ServiceRegistry(loading: cell.layout).backupPlan().services.flatMap { service in
                service.volumes.map { VolumePlace(service.service.rawValue, $0) }
            }
            places.formUnion(installed.filter { unclear.objection(to: $0) != nil })
        }
        var left: [String] = []
        for place in places.sorted(by: { $0.description < $1.description }) {
            if let line = await stage(in: place, session) { left.append(line) }
        }
        for container in steps.stopped {
            left.append("the container \(container.name), which was stopped, stays as it is now")
        }
        for snapshot in Set(steps.compactMap(\.safety) + steps.compactMap { $0.change?.snapshot }).sorted() {
            left.append("snapshot \(snapshot) holds what was there before")
        }
        for entry in try cell.root.directoryIfPresent("data/services")?.list() ?? [] {
            let name = entry.path.description
            if name.hasSuffix("-\(id)") { left.append("data/services/\(name) holds a service's other files") }
        }
        return left
    }

    /// A sentence about the run's staging directory in a volume; nil where there is none.
    private func stage(in place: VolumePlace, _ session: RunSession) async -> String? {
        let name = TarDialect.stagePrefix + id.text
        let words =
            "\(place.path)/\(name) in \(place.container) (\(place)), which may hold the volume's content of before"
        do {
            let volume = try await VolumeStream(place, session.runtime, stallTimeout: cell.config.stallTimeout)
            return try await VolumeStage(volume: volume, name: name, paths: nil).isPresent() ? words : nil
        } catch {
            return "perhaps \(words); it could not be looked at: \(error)"
        }
    }
}

extension RecordedRun {
    /// Whether recovery has something to do for it.
    var isPending: Bool { summary?.state == .running || summary?.state == .unsettled }
}
