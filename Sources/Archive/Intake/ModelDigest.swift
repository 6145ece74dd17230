/// Which properties of an entry a container's tar can put back; a comparison looks at no others.
public struct RestorableProperties: Sendable, Equatable {
    /// Nanoseconds of times; else whole seconds.
    public var nanoseconds: Bool
    /// Extended attributes and ACLs.
    public var attributes: Bool
    /// Owner and time of symbolic links.
    public var linkMetadata: Bool

    /// GNU tar: everything.
    public static let all = RestorableProperties(nanoseconds: true, attributes: true, linkMetadata: true)
    /// busybox: seconds, no attributes, no times of links (docs/archives.md).
    public static let busybox = RestorableProperties(nanoseconds: false, attributes: false, linkMetadata: false)
    /// toybox: seconds, no attributes.
    public static let toybox = RestorableProperties(nanoseconds: false, attributes: false, linkMetadata: true)
}

/// A whole tree in 32 bytes an entry, whatever the order of its entries and whichever name of a hard-linked file came
/// first: two trees with equal digests are equal to the byte in everything that ``RestorableProperties`` selects.
public struct ModelDigest: Sendable {
    private let properties: RestorableProperties
    private var rows: [UInt128: UInt128] = [:]
    /// A hard link's path → the path it names.
    private var links: [UInt128: UInt128] = [:]

    /// - Parameter properties: what is compared.
    public init(_ properties: RestorableProperties) { self.properties = properties }

    /// Adds an entry with its content's digest; a path that comes again (a directory) replaces itself.
    public mutating func add(_ entry: TarEntry, digest: SHA256Digest?) {
        let key = SHA256.hash(entry.path.bytes).prefix128
        if let target = entry.hardlinkTarget {
            links[key] = SHA256.hash(target.bytes).prefix128
        } else {
            rows[key] = SHA256.hash(fields(entry, digest)).prefix128
        }
    }

    /// The paths (as digests) in which two trees differ; empty when they are equal.
    ///
    /// - Throws: `CancellationError`.
    public func differences(from other: ModelDigest) throws -> Set<UInt128> {
        let left = try resolved()
        let right = try other.resolved()
        var different: Set<UInt128> = []
        for (count, (key, row)) in left.enumerated() {
            if count % 4096 == 0 { try Task.checkCancellation() }
            if right[key] != row { different.insert(key) }
        }
        for (count, key) in right.keys.enumerated() {
            if count % 4096 == 0 { try Task.checkCancellation() }
            if left[key] == nil { different.insert(key) }
        }
        return different
    }

    /// The digest under which a path stands in ``differences(from:)``.
    public static func key(_ path: EntryPath) -> UInt128 { SHA256.hash(path.bytes).prefix128 }

    /// Every name of a linked file gets the same row: its properties and the sum of all its names.
    private func resolved() throws -> [UInt128: UInt128] {
        guard !links.isEmpty else { return rows }
        var all = rows
        var names: [UInt128: UInt128] = [:]
        var primary: [UInt128: UInt128] = [:]
        for (count, link) in links.keys.enumerated() where primary[link] == nil {
            if count % 4096 == 0 { try Task.checkCancellation() }
            // Each link is walked over once, however long the chain is that links make of links.
            var chain: [UInt128] = []
            var target = link
            while primary[target] == nil, let next = links[target], chain.count <= links.count {
                chain.append(target)
                target = next
            }
            let file = primary[target] ?? target
            for link in chain { primary[link] = file }
        }
        for (link, target) in primary { names[target, default: target] &+= link }
        for (link, target) in primary { all[link] = (rows[target] ?? 0) &+ (names[target] ?? 0) }
        for (target, sum) in names { all[target] = (rows[target] ?? 0) &+ sum }
        return all
    }

    private func fields(_ entry: TarEntry, _ digest: SHA256Digest?) -> [UInt8] {
        var text = "\(entry.type.rawValue) \(entry.size)"
        if entry.type != .symlink { text += " \(entry.mode)" }
        if entry.type != .symlink || properties.linkMetadata {
            text += " \(entry.uid) \(entry.gid) \(entry.modified.seconds)"
            if properties.nanoseconds { text += " \(entry.modified.nanoseconds)" }
        }
        text += " \(entry.device.major):\(entry.device.minor) \(digest?.hex ?? "-") "
        return Array(text.utf8) + entry.linkTarget + [0] + Self.attributes(entry, xattrs: properties.attributes)
    }

    /// Attributes in the order of their names, each with its length, so that no two sets look alike.
    static func attributes(_ entry: TarEntry, xattrs: Bool) -> [UInt8] {
        guard xattrs else { return [] }
        var bytes: [UInt8] = []
        for attribute in entry.xattrs.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
            bytes += Array("\(attribute.name.count):\(attribute.value.count):".utf8) + attribute.name + attribute.value
        }
        for acl in [entry.accessACL, entry.defaultACL] { bytes += Array("\(acl?.count ?? 0):".utf8) + (acl ?? []) }
        return bytes
    }
}
