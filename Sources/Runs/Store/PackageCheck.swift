internal import Archive
internal import FoundationEssentials
public import Registry
internal import SystemPackage

/// Holds packages of this machine against the rules: ZIP files, directories, and manifests alone.
public struct PackageCheck: Sendable {
    /// What could not be read, in the order of the paths.
    public private(set) var unreadable: [(path: String, message: String)] = []
    /// Also what a review says of `install.sh`.
    private let isReview: Bool
    private let cell: CellLayout?
    private var sources: [ManifestSource] = []
    /// The packages by the file of their manifest; a manifest alone has none.
    private var packages: [String: FetchedPackage] = [:]
    private var refused: [ManifestReport] = []

    /// - Parameters:
    ///   - cell: The cell that the packages are for; its directory is no place for a mount. Absolute.
    ///   - isReview: Whether `install.sh` is judged, too.
    public init(cell: CellLayout? = nil, isReview: Bool = false) {
        self.cell = cell
        self.isReview = isReview
    }

    /// Reads one package; what can't be read is remembered.
    public mutating func add(_ path: String) {
        do {
            if Store.isZipFile(path) {
                let package = try Store.read(path)
                sources.append(ManifestSource(file: path, bytes: package.package.manifest))
                packages[path] = package
                return
            }
            let source = try ManifestSource(
                path: FilePath(path), workingDirectory: FilePath(FileManager.default.currentDirectoryPath))
            let place = FilePath(path)
            if let directory = source.package {
                packages[source.file] = try Store.package(of: source.bytes, filesIn: directory)
            } else if place.lastComponent?.string == StorePackage.manifestName {
                let parent = place.removingLastComponent()
                packages[source.file] = try Store.package(of: source.bytes, filesIn: parent.isEmpty ? "." : parent)
            }
            sources.append(source)
        } catch let error as RegistryError {
            unreadable.append((path, error.message))
        } catch {
            add(refusal: error, path)
        }
    }

    private mutating func add(refusal error: any Error, _ path: String) {
        guard let violation = ((error as? RunError)?.underlying as? ArchiveError)?.violation else {
            unreadable.append((path, "\(error)"))
            return
        }
        refused.append(
            ManifestReport(
                file: path,
                refusedBy: Finding(
                    rule: RuleID(rawValue: violation.rule.rawValue), severity: .error, pointer: JSONPointer(),
                    message: violation.description, remedy: "make the package anew with picjobs package build")))
    }

    /// The verdicts: packages that are no ZIP first, then the others by id.
    ///
    /// - Parameter installed: Services that they are held against besides each other.
    /// - Throws: `RegistryError` with code `.configuration` when the cell's settings can't be read.
    public func reports(beside installed: [Manifest] = []) async throws -> [ManifestReport] {
        let settings = try cell.map { try CellConfig(of: $0) }
        let context = RuleContext(projectRoot: cell?.root.string)
        let judged = await RuleBook.manifests.judge(sources, beside: installed, in: context)
        return await refused + judged.mapConcurrently { report in addingPackage(to: report, settings) }
    }

    private func addingPackage(to report: ManifestReport, _ settings: CellConfig?) -> ManifestReport {
        guard let package = packages[report.file]?.package else { return report }
        let known = TemplateCell(
            domain: settings?.identity.domain, name: settings?.identity.cellName, projectDirectory: cell?.root.string,
            saved: report.manifest.flatMap { settings?.service($0.id).config } ?? [:])
        let judged = report.adding(composeTemplate: package.composeTemplate, for: known)
        return isReview ? judged.adding(installScript: package.installScript) : judged
    }

    /// The package that a report is about; nil for a manifest alone.
    public func package(of report: ManifestReport) -> FetchedPackage? { packages[report.file] }
}
