/// A path below some directory, as bytes: one or more components, never absolute, never `..`.
///
/// Compared byte by byte, without normalisation; printed escaped (see ``EscapedName``).
public struct RelativePath: Sendable, Hashable {
    /// At least one; none is empty, `.`, `..` or holds a slash or a NUL.
    public let components: [[UInt8]]

    /// Splits on `/` and drops empty and `.` components.
    ///
    /// Throws `.refused` for an absolute path, a `..`, a NUL, a component above 255 bytes, a path above 4095 bytes or
    /// without any component.
    public init(_ bytes: [UInt8]) throws(ArchiveError) {
        func refused(_ why: String) -> ArchiveError {
            ArchiveError(.refused, "path \"\(EscapedName.encode(bytes))\" \(why)")
        }
        if bytes.first == UInt8(ascii: "/") { throw refused("is absolute; name it relative to its directory") }
        if bytes.contains(0) { throw refused("contains a NUL byte") }
        if bytes.count > 4095 { throw refused("is longer than 4095 bytes") }
        let dot = UInt8(ascii: ".")
        let parts = bytes.split(separator: UInt8(ascii: "/")).map(Array.init).filter { $0 != [dot] }
        if parts.isEmpty { throw refused("is empty") }
        if parts.contains([dot, dot]) { throw refused("has a \"..\" component") }
        if parts.contains(where: { $0.count > 255 }) { throw refused("has a component longer than 255 bytes") }
        components = parts
    }

    /// The same for the UTF-8 bytes of `text`; no escapes are read.
    public init(_ text: String) throws(ArchiveError) { try self.init(Array(text.utf8)) }

    /// Reads the escaped form back that `description` prints.
    public init(escaped text: String) throws(ArchiveError) {
        guard let bytes = EscapedName.decode(text) else {
            throw ArchiveError(.refused, "path \"\(text)\" has a backslash that is no escape")
        }
        try self.init(bytes)
    }

    /// For components that a directory listing gave or that another path has checked.
    init(checked components: [[UInt8]]) { self.components = components }

    /// The components joined with `/`.
    public var bytes: [UInt8] { Array(components.joined(separator: CollectionOfOne(UInt8(ascii: "/")))) }

    /// The last component.
    public var name: [UInt8] { components[components.count - 1] }

    /// Everything but the last component; nil for a single one.
    public var parent: RelativePath? {
        components.count > 1 ? RelativePath(checked: Array(components.dropLast())) : nil
    }

    /// This path with a directory entry's name at its end.
    public func appending(_ name: [UInt8]) -> RelativePath { RelativePath(checked: components + [name]) }

    /// This path with another one at its end.
    public func appending(_ path: RelativePath) -> RelativePath {
        RelativePath(checked: components + path.components)
    }

    /// Whether this path is `other` or lies below it.
    public func isWithin(_ other: RelativePath) -> Bool { components.starts(with: other.components) }

    /// What remains of this path below `other`; nil when it is not strictly below.
    public func relative(to other: RelativePath) -> RelativePath? {
        guard isWithin(other), components.count > other.components.count else { return nil }
        return RelativePath(checked: Array(components.dropFirst(other.components.count)))
    }

    /// The path's bytes with a NUL at the end, for a system call.
    func withCString<Value>(_ body: (UnsafePointer<CChar>) -> Value) -> Value {
        Self.withCString(bytes, body)
    }

    static func withCString<Value>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>) -> Value) -> Value {
        let text = bytes.map { CChar(bitPattern: $0) } + [0]
        return text.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { fatalError("a string with its NUL is never empty") }
            return body(base)
        }
    }
}

extension RelativePath: Comparable {
    /// Component by component, byte by byte: a directory stands right before what is below it.
    public static func < (left: RelativePath, right: RelativePath) -> Bool {
        left.components.lexicographicallyPrecedes(right.components) { $0.lexicographicallyPrecedes($1) }
    }
}

extension RelativePath: CustomStringConvertible {
    /// The escaped form.
    public var description: String { EscapedName.encode(bytes) }
}

extension RelativePath: ExpressibleByStringLiteral {
    /// For names the program itself writes; traps on a literal that is no relative path.
    public init(stringLiteral text: String) {
        do { try self.init(text) } catch { fatalError(error.message) }
    }
}
