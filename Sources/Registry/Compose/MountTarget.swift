/// Where inside a container something may be mounted (guide, section 2, `volumes`).
enum MountTarget {
    /// Why the place is refused, to follow it; nil when it is allowed. `project` are the components of the project root.
    static func refusal(of text: String, project: [String]) -> String? {
        guard text.utf8.first == UInt8(ascii: "/"), let parts = PathText.components(text) else {
            return "is no absolute path without \"..\""
        }
        guard let first = parts.first else { return "is the container's root" }
        if parts == ["var"] || parts == ["app"] { return "is a system directory of the container" }
        if ["etc", "proc", "sys", "dev", "run", "boot"].contains(first) {
            return "is in a system directory of the container"
        }
        return isBeneath(project, parts) ? "holds the path of the project root" : nil
    }

    /// Whether a path is another or lies in it, by the bytes: `==` of texts takes é and e\u{301} for one.
    static func isBeneath(_ path: [String], _ base: [String]) -> Bool {
        path.count >= base.count && zip(path, base).allSatisfy { $0.utf8.elementsEqual($1.utf8) }
    }
}
