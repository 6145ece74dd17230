import ArgumentParser
import FoundationEssentials
import Registry
import Runs
import SystemPackage

struct ServiceValidate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate", abstract: "Hold packages against every rule, and each other; say all that is wrong.",
        discussion: """
            Without a package: all that is installed in the cell. The Compose template beside a manifest belongs to it, and is rendered with placeholders for what nobody has set. \
            Exit codes: 0 accepted, warnings included, 65 a package is refused, 1 one can't be read, 78 the cell's settings \
            can't be read. The rules are listed in docs/rules.md.
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(help: "Hold them against the services installed in the cell, too.")
    var installed = false

    @Argument(help: "A package's ZIP, a manifest, or a directory that holds manifest.json; none: what is installed.")
    var paths: [String] = []

    mutating func run() async throws {
        let cell = try self.cell()
        var check = PackageCheck(cell: cell)
        for path in try paths.isEmpty ? installedPackages(cell) : paths { check.add(path) }
        var view = ValidationView()
        for (path, message) in check.unreadable { view.add(unreadable: path, message) }
        var others: [Manifest] = []
        if installed, let cell { others = try ServiceRegistry(loading: cell).services }
        for report in try await check.reports(beside: others) { view.add(report) }
        try view.show(global)
        if let code = view.exitCode { throw ExitCode(code) }
    }

    private func installedPackages(_ cell: CellLayout?) throws -> [String] {
        guard let cell else {
            throw ValidationError("name a package, or with --cell the cell whose services are meant")
        }
        return try ServiceRegistry.directoryNames(in: cell).map { cell.services.appending($0).string }
    }

    /// The cell that was named, or the current directory when it is one; a developer needs none.
    private func cell() throws -> CellLayout? {
        let path = global.cellPath
        let isNamed = path != "." || installed
        guard isNamed || FileManager.default.fileExists(atPath: path + "/data/services") else { return nil }
        let directory = FilePath(FileManager.default.currentDirectoryPath)
        return CellLayout(root: directory.pushing(FilePath(path)).lexicallyNormalized())
    }
}
