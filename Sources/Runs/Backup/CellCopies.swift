internal import Archive
internal import Glibc
internal import Registry
internal import SystemPackage

/// The plain copies in a snapshot: config_paths below `project/`, and below `cell/` what rebuilds the cell.
struct CellCopies {
    /// Relative to the cell; what is not there is not missed.
    private static let state: [RelativePath] = [
        "config/cell_config.json", "config/picjobs.yml", "config/caddy", "config/dns", "data/services",
        "data/service_secrets.json", "data/peer_service_credentials.json", "data/ip_leases.json", "jobs",
    ]

    private let cell: Cell
    private var project: TreeCopy
    private var state: TreeCopy

    init(_ cell: Cell, _ snapshot: IncompleteSnapshot, _ store: SnapshotStore) {
        self.cell = cell
        var secret: [RelativePath] = ["data/keys", "data/backups", "data/runs"]
        if let inside = Self.storeInside(cell) { secret.append(inside) }
        project = TreeCopy(from: cell.root, into: snapshot.directory, below: "project", refusing: secret)
        state = TreeCopy(from: cell.root, into: snapshot.directory, below: "cell", refusing: secret)
    }

    /// All that was copied.
    var files: [SnapshotFile] { project.files + state.files }
    /// Files that kept changing, and what was left out of the copies.
    var warnings: [String] { project.warnings + state.warnings + leftOut }
    private var leftOut: [String] = []

    /// One record a path; a path that can't be copied has its reason there.
    mutating func copyConfigPaths(_ paths: [String]) throws -> [SnapshotService.ConfigPath] {
        var records: [SnapshotService.ConfigPath] = []
        for path in paths {
            do {
                let missing = try project.add(try RelativePath(path))
                leftOut += missing.map(\.reason)
                records.append(.init(path: path, leftOut: missing.isEmpty ? nil : missing))
            } catch {
                guard Self.isPathFault(error) else { throw error }
                records.append(.init(path: path, error: error.message))
            }
        }
        return records
    }

    /// Returns a sentence for each part of the cell's state that can't be copied.
    mutating func copyCellState() throws -> [String] {
        var faults: [String] = []
        for path in Self.state {
            do {
                let missing = try state.add(path)
                leftOut += missing.filter { !$0.isLoss }.map(\.reason)
                faults += missing.filter(\.isLoss).map { "cell state \(path): \($0.reason)" }
            } catch {
                if error.code == .notFound { continue }
                guard Self.isPathFault(error) else { throw error }
                faults.append("cell state \(path): \(error.message)")
            }
        }
        return faults
    }

    /// A fault of the path itself spoils only that path; a full disk spoils the snapshot.
    private static func isPathFault(_ error: ArchiveError) -> Bool {
        switch error.code {
        case .notFound, .refused: true
        case .system: error.underlying as? Errno == .permissionDenied || error.underlying as? Errno == .ioError
        default: false
        }
    }

    /// The backup root relative to the cell, when it lies inside, by whatever name.
    private static func storeInside(_ cell: Cell) -> RelativePath? {
        guard let root = realpath(cell.layout.root.string, nil) else { return nil }
        defer { free(root) }
        guard let store = realpath(cell.backupRoot.string, nil) else { return nil }
        defer { free(store) }
        var inside = FilePath(String(cString: store))
        guard inside.removePrefix(FilePath(String(cString: root))), !inside.isEmpty else { return nil }
        return try? RelativePath(inside.string)
    }
}

extension Cell {
    /// Those of some paths that are there, as ``CellCopies/copyConfigPaths(_:)`` takes them.
    ///
    /// - Throws: where it can't be told: anything but ENOENT and ENOTDIR is no absence.
    func present(_ paths: [RelativePath]) throws -> [String] {
        try paths.filter { path in
            do throws(ArchiveError) {
                return try root.status(path) != nil
            } catch {
                if [.noSuchFileOrDirectory, .notDirectory].contains(error.underlying as? Errno) { return false }
                throw error
            }
        }.map { String(decoding: $0.bytes, as: UTF8.self) }
    }
}
