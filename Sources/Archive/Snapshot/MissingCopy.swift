/// Something below a configuration path that its copy lacks (`services[].config_paths[].left_out[]`).
public struct MissingCopy: Sendable, Codable, Equatable {
    /// Why it is not there.
    public enum Kind: String, Sendable, Codable {
        /// A socket, fifo or device: it holds nothing that could be copied.
        case special
        /// A symbolic link that is absolute or leads out of the configuration path: what it names is not saved.
        case link
        /// A file or directory that could not be read.
        case unreadable
    }

    /// Relative to the cell, escaped (see ``EscapedName``).
    public var path: String
    public var kind: Kind
    /// One sentence that names the path.
    public var reason: String

    /// Makes a record.
    public init(_ path: RelativePath, _ kind: Kind, _ reason: String) {
        self.path = path.description
        self.kind = kind
        self.reason = reason
    }

    /// Whether data may be missing from the snapshot because of it.
    public var isLoss: Bool { kind != .special }
}

/// A link's target as far as configuration may hold it.
enum LinkTarget {
    /// Whether a link at `path` stays within `root`, which it lies below: relative, with `..` only at its front, and not
    /// more of them than there are directories in between. Those above it are real directories, so no link can bend it.
    static func staysInside(_ target: [UInt8], at path: RelativePath, within root: RelativePath) -> Bool {
        guard !target.isEmpty, target.first != UInt8(ascii: "/"), !target.contains(0), path.isWithin(root) else {
            return false
        }
        let dot = UInt8(ascii: ".")
        let parts = target.split(separator: UInt8(ascii: "/")).map(Array.init).filter { $0 != [dot] }
        let ups = parts.prefix { $0 == [dot, dot] }.count
        guard !parts.dropFirst(ups).contains([dot, dot]) else { return false }
        // The link's own directory is `root` or below it.
        return ups <= path.components.count - root.components.count - 1
    }
}
