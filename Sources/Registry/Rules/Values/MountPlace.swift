/// An absolute path inside a container where a volume may be mounted, normalised (guide, section 2, `volumes`).
struct MountPlace {
    private let components: [String]

    /// Nil for a relative path, `..`, NUL, and what no kernel takes as a path.
    init?(_ text: String) {
        guard text.utf8.first == UInt8(ascii: "/"), let components = PathText.components(text) else { return nil }
        self.components = components
    }

    /// Refused with all below them.
    private static let trees: Set<String> = ["etc", "proc", "sys", "dev", "run", "boot"]

    /// Refused themselves; what is below them may be mounted.
    private static let directories: Set<String> = ["var", "app"]

    /// Why nothing may be mounted there, to follow the path; nil when it may.
    /// - Parameter projectRoot: The cell's absolute path; nil when there is none.
    func refusal(projectRoot: String?) -> String? {
        guard let top = components.first else { return "is the container's root" }
        if Self.trees.contains(top) {
            return components.count == 1 ? "is a system directory" : "is in the system directory /\(top)"
        }
        if components.count == 1, Self.directories.contains(top) { return "is a system directory" }
        let root = projectRoot.flatMap(PathText.components) ?? []
        return root.starts(with: components) ? "is, or holds, the cell's own directory" : nil
    }
}
