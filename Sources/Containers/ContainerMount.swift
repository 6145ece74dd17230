/// Something that is mounted in a container.
public struct ContainerMount: Sendable, Equatable {
    /// Where its bytes are.
    public enum Kind: String, Sendable {
        /// A volume of the engine.
        case volume
        /// A directory of the engine's host.
        case bind
        /// Memory: gone when the container stops, and no other container can have it.
        case tmpfs
        /// Something else that the engine knows.
        case other
    }

    /// Where its bytes are.
    public let kind: Kind
    /// The directory on the engine's host; empty for memory.
    public let source: String
    /// The absolute path in the container.
    public let destination: String
    /// Whether the container may write to it.
    public let isWritable: Bool

    /// Makes a description, for runtimes and for tests.
    public init(kind: Kind, source: String, destination: String, isWritable: Bool = true) {
        self.kind = kind
        self.source = source
        self.destination = destination
        self.isWritable = isWritable
    }

    /// Whether a path of the container is the mount point or lies below it.
    public func holds(_ path: String) -> Bool { Self.isPath(path, at: destination) }

    /// The directory on the engine's host that a path of the container is; `nil` for memory and for paths elsewhere.
    public func place(of path: String) -> String? {
        guard holds(path), !source.isEmpty else { return nil }
        return source + (destination == "/" ? path : String(path.dropFirst(destination.utf8.count)))
    }

    /// Whether one path of the host is the other, or lies above or below it.
    public static func overlap(_ one: String, _ other: String) -> Bool {
        isPath(one, at: other) || isPath(other, at: one)
    }

    private static func isPath(_ path: String, at top: String) -> Bool {
        path == top || path.hasPrefix(top.hasSuffix("/") ? top : top + "/")
    }
}
