/// A path relative to the cell, normalised, whose file or tree is copied into a snapshot.
///
/// Refused: absolute paths, `..`, NUL, the cell itself, and whatever is in, or holds, `data/keys` (the key never enters
/// a snapshot) or `data/backups` (a snapshot never holds snapshots).
public struct ConfigPath: CheckedText {
    /// The normal form of the path.
    public let rawValue: String

    /// Checks the text byte by byte; nil when it breaks the rule.
    public init?(rawValue: String) {
        guard rawValue.utf8.first != UInt8(ascii: "/"), let components = PathText.components(rawValue),
            !components.isEmpty
        else { return nil }
        for reserved in [["data", "keys"], ["data", "backups"]] {
            if components.starts(with: reserved) || reserved.starts(with: components) { return nil }
        }
        self.rawValue = components.joined(separator: "/")
    }

    /// The rule in words, for error sentences.
    public static var rule: String {
        "a path to copy; use one relative to the cell, without \"..\", that neither lies in nor holds data/keys or "
            + "data/backups"
    }
}
