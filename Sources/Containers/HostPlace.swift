/// A directory of a container that is one of its engine's host as well: by a mount, or with the local runtime.
public struct HostPlace: Sendable, Equatable {
    /// In the container.
    public let path: String
    /// On the engine's host, which need not be this one.
    public let host: String

    /// Makes one, for runtimes and for tests.
    public init(path: String, host: String) {
        self.path = path
        self.host = host
    }

    /// What of `mounts` a directory is made of: the mount that it lies in, and those below it.
    static func places(of path: String, in mounts: [HostPlace]) -> [HostPlace] {
        let base = path.hasSuffix("/") ? String(path.dropLast()) : path
        func isWithin(_ path: String, _ directory: String) -> Bool {
            path == directory || path.hasPrefix(directory.hasSuffix("/") ? directory : directory + "/")
        }
        var places = mounts.filter { $0.path != base && isWithin($0.path, base) }
        let around = mounts.filter { isWithin(base, $0.path) }.max { $0.path.utf8.count < $1.path.utf8.count }
        if let around {
            let rest = base.dropFirst(around.path == "/" ? 0 : around.path.count)
            places.append(HostPlace(path: base, host: around.host + rest))
        }
        return places
    }
}
