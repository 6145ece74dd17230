/// A name inside an archive: bytes, split on `/`, without empty and `.` components; the root is the empty path.
///
/// Names are never decoded, normalised or compared as text (rule 7 of docs/archives.md).
public struct EntryPath: Sendable, Hashable {
    /// The components joined by `/`: no leading, trailing or double slash. Empty for the root.
    public let bytes: [UInt8]

    /// The directory that the archive was made of.
    public static let root = EntryPath(unchecked: [])

    private init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    /// The path whose ``bytes`` these are.
    init(ofEntry bytes: ArraySlice<UInt8>) { self.init(unchecked: Array(bytes)) }

    /// Reads a name as an archive spells it (`./a//b/` is `a/b`).
    ///
    /// - Throws: the broken rule and a reason: `name.empty`, `name.absolute`, `name.nul`, `name.dotdot`,
    ///   `name.too-long` (4095 bytes), `name.component-too-long` (255 bytes), `name.too-deep` (512 components).
    public init(archiveName name: [UInt8]) throws(BrokenRule) {
        bytes = try Self.clean(name)
        if let excess = Self.excess(name) { throw excess }
    }

    /// The components of a name joined by `/`, whatever their length.
    ///
    /// - Throws: the rule that a name breaks which no honest tar writes.
    static func clean(_ name: [UInt8]) throws(BrokenRule) -> [UInt8] {
        guard let first = name.first else { throw BrokenRule(.nameEmpty, "the name is empty") }
        guard first != slash else { throw BrokenRule(.nameAbsolute, "the name is absolute") }
        var clean: [UInt8] = []
        clean.reserveCapacity(name.count)
        for component in name.split(separator: slash) {
            if component.elementsEqual([UInt8(ascii: ".")]) { continue }
            guard !component.elementsEqual([UInt8(ascii: "."), UInt8(ascii: ".")]) else {
                throw BrokenRule(.nameDotDot, "the name has a \"..\" component")
            }
            if !clean.isEmpty { clean.append(slash) }
            clean.append(contentsOf: component)
        }
        guard !clean.contains(0) else { throw BrokenRule(.nameNUL, "the name holds a NUL byte") }
        return clean
    }

    /// The limit that a name exceeds: a system may have it, and no path given to a system call reaches it.
    static func excess(_ name: [UInt8]) -> BrokenRule? {
        // Neither a component nor the depth of a short name is too much.
        if name.count <= 255 { return nil }
        if name.count > 4095 { return BrokenRule(.nameTooLong, "the name has \(name.count) bytes, more than 4095") }
        var depth = 0
        for component in name.split(separator: slash) where !component.elementsEqual([UInt8(ascii: ".")]) {
            guard component.count <= 255 else {
                return BrokenRule(
                    .nameComponentTooLong, "a component of the name has \(component.count) bytes, more than 255")
            }
            depth += 1
        }
        return depth > 512 ? BrokenRule(.nameTooDeep, "the name has \(depth) components, more than 512") : nil
    }

    /// Insists that a name is harmless which an extension header overrides: a reader without pax or `L` obeys it.
    ///
    /// A name that fills its field was cut: its last component may be what is left of `..foo`.
    static func requireHarmless(_ name: [UInt8]) throws(BrokenRule) {
        guard name.first != slash else {
            throw BrokenRule(.nameAbsolute, "the name in the header itself, which another one overrides, is absolute")
        }
        let dots = [UInt8(ascii: "."), UInt8(ascii: ".")]
        var components = name.split(separator: slash).filter { !$0.elementsEqual([UInt8(ascii: ".")]) }
        let isCut = name.count >= 100 && components.count > 1
        if isCut, components.last?.elementsEqual(dots) == true { components.removeLast() }
        guard !components.contains(where: { $0.elementsEqual(dots) }) else {
            throw BrokenRule(
                .nameDotDot, "the name in the header itself, which another one overrides, has a \"..\" component")
        }
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

    /// How many components there are.
    var depth: Int { isRoot ? 0 : bytes.reduce(1) { $1 == Self.slash ? $0 + 1 : $0 } }

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
