internal import Archive
internal import Glibc

extension RunHistory {
    /// Marks a run as dealt with by a person. What is not understood of its record stays beside the new one.
    func settle(_ run: RecordedRun, result: String) throws {
        let directory = try directory(run.id)
        var steps = run.journal.steps
        func add(_ kind: RunStep.Kind, _ place: VolumePlace? = nil) {
            var step = RunStep(kind, place)
            step.by = "hand"
            steps.append(step)
        }
        let places =
            run.isUnderstood ? steps.unsettled.union(steps.leftovers.keys) : Set(steps.compactMap(\.volume))
        for place in places { add(.settled, place) }
        for place in steps.unrestarted.values { add(.restart, place) }
        if case let stopped = steps.stopped, !stopped.isEmpty {
            add(.resume)
            steps[steps.count - 1].containers = stopped
        }
        if steps.pendingChange != nil { add(.done) }
        if places.isEmpty { add(.settled) }
        // First the journal: a kill in between leaves the run as unsettled as before.
        if !run.journal.faults.isEmpty { try keep(RunJournal.file, in: directory) }
        try directory.writeAtomically(
            RunJournal.file, try steps.flatMap { try JournalLine.bytes(of: $0) }, mode: 0o600)
        var summary = run.summary ?? RunSummary(id: run.id, kind: .unknown, started: run.id.start, process: 0)
        if run.summary == nil { try keep(Self.summaryFile, in: directory) }
        summary.state = .interrupted
        summary.finished = .now
        summary.result = result
        try Self.write(summary, to: directory)
    }

    /// Renames a file that is not understood to `….damaged`, or `….damaged-2`.
    private func keep(_ file: RelativePath, in directory: Directory) throws {
        guard try directory.status(file) != nil else { return }
        for number in 1...1000 {
            let name = try RelativePath("\(file).damaged\(number == 1 ? "" : "-\(number)")")
            guard try directory.status(name) == nil else { continue }
            return try directory.rename(file, to: name, replacing: false)
        }
    }
}
