import ArgumentParser
import FoundationEssentials
import Registry
import Runs
import SystemPackage

struct PackageCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Hold a package against what a store's review looks at.",
        discussion: """
            All that service validate says, and what the review says of install.sh. --live tries it with the service that \
            runs in the cell: it makes an account and removes it, and looks for each volume that is backed up. \
            Exit codes: 0 accepted, warnings included, 65 the package is refused, 1 it can't be read, or the containers' engine does not answer, 78 configuration.
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(help: "Also against the service that runs in the cell.")
    var live = false

    @Argument(help: "A package's ZIP, a manifest, or a directory that holds manifest.json.")
    var path: String

    mutating func run() async throws {
        let cell = live ? try global.openCell() : nil
        let directory = FilePath(FileManager.default.currentDirectoryPath)
        let layout = cell.map { CellLayout(root: directory.pushing($0.layout.root).lexicallyNormalized()) }
        var check = PackageCheck(cell: layout, isReview: true)
        check.add(path)
        var view = ValidationView()
        for (path, message) in check.unreadable { view.add(unreadable: path, message) }
        for report in try await check.reports() {
            var findings: [Finding] = []
            if let cell, let manifest = report.manifest { findings = try await LiveCheck(cell).findings(manifest) }
            view.add(report.adding(findings))
        }
        try view.show(global)
        if let code = view.exitCode { throw ExitCode(code) }
    }
}
