import ArgumentParser
import Registry
import Runs

struct PackageBuild: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Make a service's package, a ZIP file, from its directory.",
        discussion: """
            The package is held against the rules of package check first. The same files give the same bytes, everywhere. \
            Exit codes: 0 made, 65 the package is refused, 1 the file is there already, or something can't be read or \
            written.
            """)

    @OptionGroup var global: GlobalOptions

    @Option(name: .shortAndLong, help: "The file to make. (default: <id>-<version>.zip in the current directory)")
    var output: String?

    @Flag(help: "Replace a file that is there already.")
    var force = false

    @Argument(help: "A directory that holds manifest.json, and compose-template.yml and install.sh if need be.")
    var directory: String

    private struct Object: Encodable {
        let file: String
        let id: String
        let version: String
        let sha256: String
        let size: Int
        let left_out: [String]
        let warnings: [Finding]
    }

    mutating func run() async throws {
        var check = PackageCheck(isReview: true)
        check.add(directory)
        var view = ValidationView()
        for (path, message) in check.unreadable { view.add(unreadable: path, message) }
        let reports = try await check.reports()
        for report in reports { view.add(report) }
        guard view.exitCode == nil, let report = reports.first, let manifest = report.manifest,
            let package = check.package(of: report)
        else {
            try view.show(global)
            throw ExitCode(view.exitCode ?? ExitStatus.refused)
        }
        let built = try BuiltPackage(package, of: manifest, from: directory, at: output, isReplacing: force)
        if global.json {
            try Output.json(
                Object(
                    file: built.file, id: manifest.id.rawValue, version: manifest.version, sha256: built.sha256,
                    size: built.size, left_out: built.leftOut, warnings: report.findings))
        } else if !global.quiet {
            if !report.findings.isEmpty { try view.show(global) }
            Output.data("\(built.sha256)  \(built.file)")
        }
        if !built.leftOut.isEmpty {
            Output.talk("picjobs: note: no part of a package: \(built.leftOut.joined(separator: ", "))")
        }
    }
}
