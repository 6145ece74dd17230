/// What the two kinds of checked paths share.
enum PathText {
    /// The components without empty and `.` ones; nil for `..`, NUL or a text that no kernel takes as a path.
    static func components(_ text: String) -> [String]? {
        guard text.utf8.count <= 4095, !text.utf8.contains(0) else { return nil }
        var components: [String] = []
        for part in text.utf8.split(separator: UInt8(ascii: "/")) {
            if part.elementsEqual(".".utf8) { continue }
            guard !part.elementsEqual("..".utf8), part.count <= 255 else { return nil }
            components.append(String(Substring(part)))
        }
        return components
    }
}
