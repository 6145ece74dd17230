/// A name inside an archive: bytes, split on `/`, without empty and `.` components; the root is the empty path.
///
/// Names are never decoded, normalised or compared as text (rule 7 of docs/archives.md).
public struct EntryPath: Sendable, Hashable {
    /// The components joined by `/`: no leading, trailing or double slash. Empty for the root.
    public let bytes: [UInt8]

    /// The directory that the archive was made of.
    public static let root = EntryPath(unchecked: [])

    private init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    /// Reads a name as an archive spells it (`./a//b/` is `a/b`).
    ///
    /// - Throws: the broken rule and a reason: `name.empty`, `name.absolute`, `name.nul`, `name.dotdot`,
    ///   `name.too-long` (4095 bytes), `name.component-too-long` (255 bytes), `name.too-deep` (512 components).
    public init(archiveName name: [UInt8]) throws(BrokenRule) {
        guard let first = name.first else { throw BrokenRule(.nameEmpty, "the name is empty") }
        guard first != Self.slash else { throw BrokenRule(.nameAbsolute, "the name is absolute") }
        guard name.count <= 4095 else {
            throw BrokenRule(.nameTooLong, "the name has \(name.count) bytes, more than 4095")
        }
        var clean: [UInt8] = []
        clean.reserveCapacity(name.count)
        var depth = 0
        for component in name.split(separator: Self.slash) {
            if component.elementsEqual([UInt8(ascii: ".")]) { continue }
            guard !component.elementsEqual([UInt8(ascii: "."), UInt8(ascii: ".")]) else {
                throw BrokenRule(.nameDotDot, "the name has a \"..\" component")
            }
            guard component.count <= 255 else {
                throw BrokenRule(
                    .nameComponentTooLong, "a component of the name has \(component.count) bytes, more than 255")
            }
            depth += 1
            if !clean.isEmpty { clean.append(Self.slash) }
            clean.append(contentsOf: component)
        }
        guard !clean.contains(0) else { throw BrokenRule(.nameNUL, "the name holds a NUL byte") }
        guard depth <= 512 else { throw BrokenRule(.nameTooDeep, "the name has \(depth) components, more than 512") }
        bytes = clean
    }

    /// Reads a path as a person types it (`--path a/b`); nil where ``init(archiveName:)`` would refuse it.
    public init?(text: String) {
        guard let path = try? EntryPath(archiveName: Array(text.utf8)) else { return nil }
        self = path
    }

    /// True for the directory that the archive was made of.
    public var isRoot: Bool { bytes.isEmpty }

    /// The path without its last component; nil for the root.
    public var parent: EntryPath? {
        guard !isRoot else { return nil }
        guard let slash = bytes.lastIndex(of: Self.slash) else { return .root }
        return EntryPath(unchecked: Array(bytes[..<slash]))
    }

    /// The components in order.
    public var components: [[UInt8]] { bytes.split(separator: Self.slash).map(Array.init) }

    /// True when `self` is `other` or lies below it.
    public func isWithin(_ other: EntryPath) -> Bool {
        if other.isRoot || self == other { return true }
        return bytes.count > other.bytes.count && bytes[other.bytes.count] == Self.slash
            && bytes.starts(with: other.bytes)
    }

    /// The name as this program writes it into a tar: `./a/b`, `./` for the root.
    public var archiveName: [UInt8] { [UInt8(ascii: "."), Self.slash] + bytes }

    private static let slash = UInt8(ascii: "/")
}

extension EntryPath: CustomStringConvertible {
    /// Escaped for a terminal; `.` for the root.
    public var description: String { isRoot ? "." : ByteText.escape(bytes) }
}
