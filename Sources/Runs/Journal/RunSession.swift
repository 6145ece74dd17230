internal import Archive
public import Containers

/// Everything a run that changes a cell works with; lives while the cell's lock is held.
public struct RunSession: Sendable {
    /// The cell.
    public let cell: Cell
    /// The cell's containers.
    public private(set) var runtime: any ContainerRuntime
    /// The run's journal.
    public let record: RunRecord
    /// Who shows what happens.
    public let observer: any RunObserver
    /// Volumes that an earlier restore left in between and that recovery could not settle, each with the reason: they
    /// are neither backed up nor restored in part.
    var unsettled: [VolumePlace: String] = [:]
    /// Earlier runs whose record is not understood: what they may have touched is left alone.
    var unclear: [UnclearRun] = []

    /// Why a volume is left alone; nil for one that may be read and changed.
    func objection(to place: VolumePlace) -> String? { unclear.objection(to: place) ?? unsettled[place] }

    /// The same session with other ways to its containers.
    func with(_ runtime: any ContainerRuntime) -> RunSession {
        var session = self
        session.runtime = runtime
        return session
    }

    /// What a run's work came to.
    public struct Ending: Sendable {
        /// See docs/exit-codes.md.
        public let exitCode: Int32
        /// The snapshot it wrote or used.
        public let snapshot: String?
        /// One sentence for `jobs history`.
        public let result: String

        /// Puts it together.
        public init(exitCode: Int32, snapshot: String? = nil, result: String) {
            self.exitCode = exitCode
            self.snapshot = snapshot
            self.result = result
        }
    }

    /// Lock → journal → recovery of what was killed → work → durable report.
    ///
    /// - Parameters:
    ///   - kind: what the run is, for the record.
    ///   - exitCode: maps an error to the exit code that the record keeps.
    /// - Throws: ``RunError`` `.busy`, and whatever `work` throws, after it was recorded.
    public static func perform<Value>(
        _ cell: Cell, kind: RunKind, job: String? = nil, observer: any RunObserver,
        exitCode: (any Error) -> Int32, _ work: (RunSession) async throws -> (Value, Ending)
    ) async throws -> Value {
        let id = RunID()
        let lock = try CellLock(cell, run: id, scope: kind.scope)
        defer { withExtendedLifetime(lock) {} }
        let record = try RunRecord(cell, id: id, kind: kind, job: job)
        var session = RunSession(cell: cell, runtime: cell.runtime(run: id), record: record, observer: observer)
        let result: (value: Value, ending: Ending)
        do {
            session.unclear = try RunHistory(cell).unclear()
            for run in session.unclear {
                observer.warn(run.note)
                record.log(run.note)
            }
            switch kind.scope {
            case .cell: session.unsettled = try await Recovery(session).run()
            case .egress, .caddy, .accounts: try RunHistory(cell).markKilled(kind.scope, except: id)
            }
            result = try await work(session)
        } catch {
            let sentence = error is CancellationError ? "cancelled" : "\(error)"
            record.log("error: \(sentence)")
            session.end(Ending(exitCode: exitCode(error), result: sentence))
            throw error
        }
        record.log(result.ending.result)
        session.end(result.ending)
        return result.value
    }

    /// Writes how the run ended. What it did stands, whether or not that can be recorded.
    private func end(_ ending: Ending) {
        do {
            try record.end(exitCode: ending.exitCode, snapshot: ending.snapshot, result: ending.result)
        } catch {
            observer.warn(
                "warning: how run \(record.id) ended is not on record (the next run takes it for killed): \(error)")
        }
        if let fault = record.fault { observer.warn("warning: \(fault)") }
    }
}
