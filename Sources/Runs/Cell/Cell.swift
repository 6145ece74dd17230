public import Archive
public import Containers
internal import Glibc
public import Registry
public import SystemPackage

/// One cell as a run sees it: where things lie, what is configured, how its containers are reached.
public struct Cell: Sendable {
    /// Where things lie.
    public let layout: CellLayout
    /// The cell's root, open.
    public let root: Directory
    /// `config/picjobs.yml`.
    public let config: RunnerConfig
    /// `config/cell_config.json`.
    public let settings: CellConfig
    /// Where snapshots lie, absolute or relative to the working directory.
    public let backupRoot: FilePath

    /// Opens a cell.
    ///
    /// - Parameters:
    ///   - path: The cell's root.
    ///   - backupRoot: Replaces `backup_root` of the configuration.
    /// - Throws: ``RunError`` `.configuration` where there is no cell, or its configuration can't be used.
    public init(path: String, backupRoot: String? = nil) throws {
        layout = CellLayout(root: path)
        do {
            root = try Directory(opening: FilePath(path))
        } catch {
            throw RunError(
                .configuration, "\(path) is no cell: \(error.message); name one with --cell or PIC_CELL",
                underlying: error)
        }
        // Containers' mounts, Compose and systemd are told the path as text.
        if let resolved = realpath(layout.root.string, nil) {
            defer { free(resolved) }
            guard String(validatingCString: resolved) != nil else {
                throw RunError(
                    .configuration,
                    "the path of the cell \(path) is no UTF-8 (\(String(cString: resolved))); give its directories "
                        + "other names")
            }
        }
        config = try RunnerConfig(of: root)
        settings = try CellConfig(of: layout)
        let place = FilePath(backupRoot ?? config.backupRoot)
        self.backupRoot = backupRoot == nil ? layout.root.pushing(place) : place
    }

    /// The cell's root as an absolute path without links, as containers' mounts and Compose need it.
    /// - Throws: `Errno`.
    var absoluteRoot: FilePath {
        get throws {
            guard let resolved = realpath(layout.root.string, nil) else { throw Errno(rawValue: errno) }
            defer { free(resolved) }
            return FilePath(String(cString: resolved))
        }
    }

    /// The containers, every process in them marked with the run's id.
    public func runtime(run: RunID) -> any ContainerRuntime {
        switch config.runtime {
        case .docker:
            return DockerRuntime(docker: config.docker, run: run.text, limit: .seconds(config.commandTimeout))
        case .local:
            var directories: [Containers.ContainerName: String] = [:]
            for (name, directory) in config.containers {
                if let name = Containers.ContainerName(name) { directories[name] = directory }
            }
            return LocalRuntime(
                root: layout.root, directories: directories, run: run.text, limit: .seconds(config.commandTimeout))
        }
    }

    /// The store of snapshots, made if it is absent.
    public func store() throws -> SnapshotStore {
        do throws(ArchiveError) {
            if let parent = backupRootParent { _ = try root.createDirectories(parent, mode: 0o755) }
            return try SnapshotStore(root: backupRoot)
        } catch {
            throw RunError(
                .configuration, "the backup root \(backupRoot) cannot be used: \(error.message)", underlying: error)
        }
    }

    /// The store of snapshots for whoever only looks; nil where nothing was backed up yet.
    public func existingStore() throws -> SnapshotStore? {
        do throws(ArchiveError) {
            return try SnapshotStore(existing: backupRoot)
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
    }

    /// The key that authenticates snapshots; nil where the cell has none yet.
    public func key() throws -> SnapshotKey? { try SnapshotKeyFile(cell: root).load() }

    /// The directory above a backup root inside the cell, which may not exist yet.
    private var backupRootParent: RelativePath? {
        guard FilePath(config.backupRoot).isRelative, backupRoot == layout.root.pushing(FilePath(config.backupRoot)),
            let path = try? RelativePath(config.backupRoot)
        else { return nil }
        return path.parent
    }
}
