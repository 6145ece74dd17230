import Archive
import ArgumentParser
import Runs

/// What a restore did: a line a volume, a fault a line on standard error, one object for programs.
struct RestoreView {
    private let report: RestoreReport

    init(_ report: RestoreReport) { self.report = report }

    private struct Object: Encodable {
        struct Volume: Encodable {
            let service: String
            let name: String
            let snapshot: String
            let entries: UInt64
            let verdict: String
            let error: String?
            let warnings: [String]
            let target: String?
        }

        let exit_code: Int32
        let safety_snapshot: String?
        let volumes: [Volume]
        let files: [String]
        let notes: [String]
    }

    /// Shows it and ends with the report's exit code.
    func show(_ global: GlobalOptions) throws {
        for note in report.notes { Output.talk("picjobs: \(note)") }
        for line in report.unfinished { Output.talk("picjobs: error: \(line)") }
        for volume in report.volumes {
            if let error = volume.error {
                // Most errors begin with their volume already.
                let (place, text) = ("\(volume.place): ", "\(error)")
                Output.talk("picjobs: error: " + (text.hasPrefix(place) ? "" : place) + text)
            }
            for warning in volume.warnings.prefix(20) { Output.talk("picjobs: warning: \(warning)") }
        }
        let code = exitCode
        if global.json {
            try Output.json(
                Object(
                    exit_code: code, safety_snapshot: report.safety,
                    volumes: report.volumes.map { volume in
                        .init(
                            service: volume.place.service, name: volume.place.name, snapshot: volume.snapshot,
                            entries: volume.entries, verdict: volume.error == nil ? "ok" : "failed",
                            error: volume.error.map { "\($0)" }, warnings: volume.warnings, target: volume.target)
                    }, files: report.files, notes: report.notes + report.unfinished))
        } else if !global.quiet {
            for volume in report.volumes where volume.error == nil {
                let place = volume.target.map { " to \($0)" } ?? " in \(volume.place.container):\(volume.place.path)"
                Output.data(
                    "\(volume.place): restored and equal, \(volume.entries) entries from \(volume.snapshot)\(place)")
            }
            if !report.files.isEmpty { Output.data("\(report.files.count) plain files put back") }
            if let safety = report.safety { Output.data("what was there before: snapshot \(safety)") }
        }
        if code != 0 { throw ExitCode(code) }
    }

    /// 0; 3 when some failed; else what the first failure says.
    private var exitCode: Int32 {
        report.exitCode(ExitStatus.code)
    }
}

/// What a restore would change.
struct PlannedRestoreView {
    private let plan: PlannedRestore

    init(_ plan: PlannedRestore) { self.plan = plan }

    private struct Object: Encodable {
        struct Volume: Encodable {
            let service: String
            let name: String
            let snapshot: String
            let changes: [ChangeObject]
        }

        let volumes: [Volume]
        let files: [String]
        let removed: [String]
        let notes: [String]
    }

    func show(_ global: GlobalOptions) throws {
        for note in plan.notes { Output.talk("picjobs: \(note)") }
        if global.json {
            try Output.json(
                Object(
                    volumes: plan.volumes.map { volume in
                        .init(
                            service: volume.place.service, name: volume.place.name, snapshot: volume.snapshot,
                            changes: volume.changes.map(ChangeObject.init))
                    }, files: plan.files, removed: plan.removed, notes: plan.notes))
        } else if !global.quiet {
            for path in plan.files { Output.data("put back: \(path)") }
            for path in plan.removed { Output.data("remove: \(path)") }
            for volume in plan.volumes {
                Output.data("\(volume.place) from \(volume.snapshot): \(ChangeObject.summary(volume.changes))")
                for change in volume.changes { Output.data("  " + ChangeObject(change).line) }
            }
        }
    }
}
