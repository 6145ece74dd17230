import Archive
import Registry

/// What the rules say about several manifests: lines for people, one object for programs.
struct ValidationView {
    private var files: [File] = []

    private struct File: Encodable {
        let file: String
        let id: String?
        /// `ok`, `refused` or `unreadable`.
        let verdict: String
        let findings: [Finding]
        /// How many findings were left out.
        let omitted: Int
        let error: String?
    }

    private struct Object: Encodable {
        let files: [File]
        let exit_code: Int32
    }

    mutating func add(_ report: ManifestReport) {
        files.append(
            File(
                file: report.file, id: report.manifest?.id.rawValue, verdict: report.isAccepted ? "ok" : "refused",
                findings: report.findings, omitted: report.omitted, error: nil))
    }

    mutating func add(unreadable path: String, _ message: String) {
        files.append(File(file: path, id: nil, verdict: "unreadable", findings: [], omitted: 0, error: message))
    }

    /// 65 before 1; nil when all are accepted.
    var exitCode: Int32? {
        if files.contains(where: { $0.verdict == "refused" }) { return ExitStatus.refused }
        return files.contains { $0.verdict == "unreadable" } ? ExitStatus.failed : nil
    }

    func show(_ global: GlobalOptions) throws {
        for file in files {
            if let error = file.error { Output.talk("picjobs: error: \(error)") }
        }
        if global.json {
            try Output.json(Object(files: files, exit_code: exitCode ?? 0))
        } else {
            for file in files where file.error == nil { show(file, quiet: global.quiet) }
        }
    }

    private func show(_ file: File, quiet: Bool) {
        if file.verdict == "ok", file.findings.isEmpty, quiet { return }
        Output.data("\(EscapedName.encode(Array(file.file.utf8))): \(summary(file))")
        for finding in file.findings {
            let place = finding.pointer.description
            Output.data("  \(finding.severity.rawValue) \(finding.rule)\(place.isEmpty ? "" : " at " + place)")
            Output.data("    \(finding.message)")
            Output.data("    remedy: \(finding.remedy)")
        }
        if file.omitted > 0 { Output.data("  and \(file.omitted) more findings of these rules") }
    }

    private func summary(_ file: File) -> String {
        let errors = file.findings.count { $0.severity == .error }
        let warnings = file.findings.count - errors
        let parts = [count(errors, "error"), count(warnings, "warning")].compactMap(\.self)
        return ([file.verdict] + parts).joined(separator: ", ")
    }

    private func count(_ number: Int, _ word: String) -> String? {
        number == 0 ? nil : "\(number) \(word)\(number == 1 ? "" : "s")"
    }
}
