internal import Archive
internal import FoundationEssentials

/// One directory of `data/runs`, whatever state it is in.
struct RecordedRun: Sendable {
    let id: RunID
    /// `run.json`; nil where it is not understood.
    private(set) var summary: RunSummary?
    /// Read where something may be left to do.
    private(set) var journal = RunJournal([])
    /// What is not understood, each with the file it is in.
    private(set) var faults: [String] = []

    /// Looks at a record; nothing that is in it is an error.
    ///
    /// - Parameter isWhole: Whether the journal is read also where nothing is left to do.
    init(_ id: RunID, in runs: Directory, isWhole: Bool = false) {
        self.id = id
        let place = "data/runs/\(id)"
        let directory: Directory
        do {
            directory = try runs.directory(try id.path)
        } catch {
            faults.append("\(place) is no record of a run: \(error)")
            return
        }
        do {
            let summary = try RunHistory.summary(directory)
            if summary.id == id {
                self.summary = summary
            } else {
                faults.append("\(place)/run.json is that of run \(summary.id)")
            }
        } catch {
            faults.append("\(error)")
        }
        let isOver = summary?.state == .ended || summary?.state == .interrupted
        if isOver, !isWhole { return }
        journal = RunJournal(in: directory, isNumbered: (summary?.format ?? 1) > 0)
        if isOver { return }
        faults += journal.faults.map { "\(place)/\(RunJournal.file) \($0)" }
    }

    var isUnderstood: Bool { faults.isEmpty }

    /// As `jobs history` has it: a run that is not understood is unsettled.
    var shown: RunSummary {
        var shown = summary ?? RunSummary(id: id, kind: .unknown, started: id.start, process: 0)
        if !isUnderstood {
            shown.state = .unsettled
            shown.result = "not understood: \(faults.joined(separator: "; "))"
        }
        return shown
    }
}
