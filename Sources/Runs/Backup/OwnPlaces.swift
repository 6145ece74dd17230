internal import Archive
internal import Containers
internal import Glibc
internal import Registry
internal import SystemPackage

/// The directories of a cell that no volume may carry along, although a container may have them in one: a store inside
/// a volume would double every night, and a restore of it would remove the newest snapshots; the key would lie beside
/// what it vouches for; a journal would be replaced under the run that writes it.
struct OwnPlaces: Sendable {
    /// One of them, found in a volume.
    struct Inside: Sendable, Equatable {
        /// Relative to the volume's directory; empty where the volume is, or lies in, one of them.
        let path: String
        /// `the backup root /srv/cell/data/backups`.
        let name: String
    }

    private struct Own: Sendable {
        let name: String
        /// Absolute and without links.
        let path: String
        let identity: String
    }

    private let own: [Own]

    init(_ cell: Cell) throws {
        let places = [
            ("the backup root", cell.backupRoot), ("the cell's keys", cell.layout.root.appending("data/keys")),
            ("the cell's run records", cell.layout.root.appending("data/runs")),
        ]
        own = places.compactMap { name, path in
            guard let real = Self.real(path.string) else { return nil }
            var status = stat()
            guard stat(real, &status) == 0 else { return nil }
            return Own(name: "\(name) \(real)", path: real, identity: "\(status.st_dev):\(status.st_ino)")
        }
    }

    /// Whether a path of this host is one of these directories, or lies in one.
    func name(around path: String) -> String? {
        guard let real = Self.real(path) else { return nil }
        return own.first { Self.rest(of: real, in: $0.path) != nil }?.name
    }

    /// Which of them a volume has.
    ///
    /// A mount's source is a path of the engine's host: what it looks like is held against the directory's own device
    /// and inode, as the container sees them, for the engine may be elsewhere.
    ///
    /// - Parameter resolved: where the volume's path leads in the container, where that is known.
    func inside(
        _ place: VolumePlace, _ container: Containers.ContainerName, _ runtime: any ContainerRuntime,
        resolved: String? = nil
    ) async throws -> [Inside] {
        let path = runtime.kind == "local" ? place.path : resolved ?? place.path
        let volume = try runtime.path(path, in: container)
        let base = volume == "/" ? "" : volume
        var found: [Inside] = []
        for part in try await runtime.hostPlaces(of: path, in: container) {
            guard let host = Self.real(part.host) else { continue }
            for own in own {
                if let rest = Self.rest(of: own.path, in: host) {
                    let inside = part.path + rest
                    guard try await isSame(inside, own, container, runtime) else { continue }
                    let relative = inside.dropFirst(base.count).drop { $0 == "/" }
                    found.append(Inside(path: String(relative), name: own.name))
                } else if Self.rest(of: host, in: own.path) != nil, part.path == volume, runtime.kind == "local" {
                    found.append(Inside(path: "", name: own.name))
                }
            }
        }
        return found.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    private func isSame(
        _ path: String, _ own: Own, _ container: Containers.ContainerName, _ runtime: any ContainerRuntime
    ) async throws -> Bool {
        guard runtime.kind != "local" else { return true }
        do {
            let result = try await runtime.exec(ContainerCommand(["stat", "-c", "%d:%i", "--", path]), in: container)
            // Without a stat, or while the container is stopped, the path has to do.
            if result.transportFailure != nil { return true }
            guard result.status.isSuccess else { return false }
            return String(decoding: result.output, as: UTF8.self).split(whereSeparator: \.isWhitespace).first
                .map { String($0) == own.identity } ?? true
        } catch let error as ContainerError where error.code == .notRunning || error.code == .paused {
            return true
        }
    }

    /// What is left of a path below a directory, with its slash; nil where it does not lie there.
    private static func rest(of path: String, in directory: String) -> String? {
        if path == directory { return "" }
        let base = directory == "/" ? "" : directory
        return path.hasPrefix(base + "/") ? String(path.dropFirst(base.count)) : nil
    }

    private static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
