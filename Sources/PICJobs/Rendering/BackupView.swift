import Archive
import Runs

/// What a backup did: a table for people, one object for programs, a line on standard error for each fault.
struct BackupView {
    private let report: BackupReport

    init(_ report: BackupReport) { self.report = report }

    private struct Object: Encodable {
        let snapshot: String?
        let verdict: SnapshotDocument.Verdict
        let exit_code: Int32
        let services: [SnapshotService]
        let notes: [String]
    }

    func show(_ global: GlobalOptions) throws {
        for line in faults { Output.talk("picjobs: \(line)") }
        if global.json {
            try Output.json(
                Object(
                    snapshot: report.document?.id.description, verdict: report.verdict, exit_code: report.exitCode,
                    services: report.services, notes: report.notes))
            return
        }
        guard !global.quiet else { return }
        table.print()
        if let document = report.document {
            Output.data("snapshot \(document.id): \(report.verdict.rawValue)")
        } else {
            Output.data("no snapshot: \(report.verdict.rawValue)")
        }
    }

    private var table: Table {
        var table = Table([
            ("service", .left), ("archive", .left), ("entries", .right), ("in", .right), ("out", .right),
            ("ratio", .right), ("time", .right), ("verdict", .left),
        ])
        for service in report.services {
            for archive in service.archives {
                let (raw, size) = (archive.rawSize ?? 0, archive.size ?? 0)
                table.add([
                    service.id, archive.name, "\(archive.entries ?? 0)", Amount.bytes(raw), Amount.bytes(size),
                    Amount.percent(size, of: raw), Amount.seconds(archive.durationSeconds), archive.verdict.rawValue,
                ])
            }
            if service.archives.isEmpty {
                table.add([service.id, "–", "–", "–", "–", "–", "–", service.verdict.rawValue])
            }
        }
        return table
    }

    private var faults: [String] {
        var lines = report.notes
        for service in report.services {
            if let error = service.error { lines.append("\(service.id): failed: \(error)") }
            for archive in service.archives {
                if let error = archive.error {
                    lines.append("\(service.id)/\(archive.name): \(archive.verdict.rawValue): \(error)")
                }
                for warning in archive.warnings.prefix(20) {
                    lines.append("\(service.id)/\(archive.name): warning: \(warning)")
                }
                if archive.warnings.count > 20 {
                    lines.append("\(service.id)/\(archive.name): \(archive.warnings.count - 20) more warnings")
                }
            }
            for path in service.configPaths {
                if let error = path.error { lines.append("\(service.id): config_path \(path.path): \(error)") }
            }
        }
        return lines
    }
}
