internal import Archive
internal import Glibc
internal import Registry

/// Half-written files that a kill left beside the files of a cell: they may hold secrets.
struct CellTemporaries {
    private let cell: Cell

    /// Seconds after which one belongs to no run of another lock any more: they are written in a moment.
    private static let age: Int64 = 600
    /// The most directories of a service's configuration that are looked through.
    private static let most = 10_000

    init(_ cell: Cell) { self.cell = cell }

    /// Removes them wherever the program writes.
    ///
    /// - Returns: a sentence for each place that could not be swept: that stops no run.
    func sweep() -> [String] {
        var faults: [String] = []
        func tried(_ work: () throws -> Void) { do { try work() } catch { faults.append("\(error)") } }
        let before = Timestamp.now.seconds - Self.age
        for place: RelativePath in ["config", "data", "data/services"] {
            tried { try cell.root.directoryIfPresent(place)?.removeTemporaries(before: before) }
        }
        // Written under the cell's lock alone.
        tried { try cell.root.directoryIfPresent("data/keys")?.removeTemporaries() }
        if let parent = cell.config.caddy.caddyfile.parent {
            tried { try cell.root.directoryIfPresent(parent)?.removeTemporaries(before: before) }
        }
        tried {
            for entry in try cell.root.directoryIfPresent("data/services")?.list() ?? [] where entry.kind == .directory
            {
                let place = RelativePath("data/services").appending(entry.name)
                try cell.root.directoryIfPresent(place)?.removeTemporaries(before: before)
            }
        }
        tried {
            for service in try ServiceRegistry(loading: cell.layout).backupPlan().services {
                for path in service.configPaths { try sweep(try RelativePath(path.rawValue), before) }
            }
        }
        return faults
    }

    /// A configuration path with what is below it, where a restore puts files.
    private func sweep(_ path: RelativePath, _ before: Int64) throws {
        var pending = [path]
        if let parent = path.parent { try cell.root.directoryIfPresent(parent)?.removeTemporaries(before: before) }
        var count = 0
        while let place = pending.popLast(), count < Self.most {
            count += 1
            guard try cell.root.status(place)?.kind == .directory,
                let directory = try cell.root.directoryIfPresent(place)
            else { continue }
            try directory.removeTemporaries(before: before)
            for entry in try directory.list() where entry.kind == .directory {
                pending.append(place.appending(entry.name))
            }
        }
    }
}
