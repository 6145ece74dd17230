/// A broken rule of docs/archives.md, with its place in the (inflated) tar stream.
public struct Violation: Error, Sendable, Equatable {
    /// The rule's id, e.g. `name.dotdot`; see ``Rule``.
    public let rule: Rule
    /// Bytes from the start of the tar stream to the header (or of the gzip file, for `gzip.*`).
    public let offset: UInt64
    /// The entry's name, escaped for a terminal; nil where no entry is concerned.
    public let entry: String?
    /// The reason in one sentence, without the place.
    public let message: String

    public init(_ rule: Rule, at offset: UInt64, entry: String? = nil, _ message: String) {
        self.rule = rule
        self.offset = offset
        self.entry = entry
        self.message = message
    }
}

extension Violation: CustomStringConvertible {
    /// `entry "a/../b" at byte 1024: name has a ".." component [name.dotdot]`
    public var description: String {
        let place = entry.map { "entry \"\($0)\" at byte \(offset)" } ?? "byte \(offset)"
        return "\(place): \(message) [\(rule.rawValue)]"
    }
}
