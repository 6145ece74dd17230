import ArgumentParser
import FoundationEssentials
import Registry
import Runs
import SystemPackage

struct ServiceValidate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate", abstract: "Hold manifests against every rule, and each other; say all that is wrong.",
        discussion: """
            Exit codes: 0 accepted, warnings included, 65 a manifest is refused, 1 one can't be read. The rules are listed in \
            docs/rules.md.
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(help: "Hold them against the services installed in the cell, too.")
    var installed = false

    @Argument(help: "A manifest, or a directory that holds manifest.json.")
    var paths: [String]

    mutating func run() async throws {
        let cell = try self.cell()
        var view = ValidationView()
        var sources: [ManifestSource] = []
        let directory = FilePath(FileManager.default.currentDirectoryPath)
        for path in paths {
            do throws(RegistryError) {
                sources.append(try ManifestSource(path: FilePath(path), workingDirectory: directory))
            } catch {
                view.add(unreadable: path, error)
            }
        }
        for report in try judge(sources, cell) { view.add(report) }
        try view.show(global)
        if let code = view.exitCode { throw ExitCode(code) }
    }

    /// The cell that was named, or the current directory when it is one; a developer needs none.
    private func cell() throws -> CellLayout? {
        let path = global.cellPath
        let isNamed = path != "." || installed
        guard isNamed || FileManager.default.fileExists(atPath: path + "/data/services") else { return nil }
        let directory = FilePath(FileManager.default.currentDirectoryPath)
        return CellLayout(root: directory.pushing(FilePath(path)).lexicallyNormalized())
    }

    private func judge(_ sources: [ManifestSource], _ cell: CellLayout?) throws -> [ManifestReport] {
        var others: [Manifest] = []
        if installed, let cell { others = try ServiceRegistry(loading: cell).services }
        // A package's compose-template.yml is judged here as well, once there are rules for it: its findings join those of
        // the manifest with `ManifestReport.adding`.
        return RuleBook.manifests.judge(sources, beside: others, in: RuleContext(projectRoot: cell?.root.string))
    }
}
