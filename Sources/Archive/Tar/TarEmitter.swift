/// Builds fresh tar bytes for an entry: nothing of the archive's own headers survives (rule 6 of docs/archives.md).
///
/// GNU format: `./` names, `L` and `K` for long ones, base-256 for large numbers, no user or group names. Where the
/// receiving tar understands pax and the entry needs it (nanoseconds, attributes, holes), a pax header takes over.
public struct TarEmitter: Sendable {
    /// What the receiving tar can put back.
    public let properties: RestorableProperties
    /// GNU tar restores holes; others get zeros.
    public let keepsHoles: Bool

    /// - Parameter keepsHoles: true when the receiver reads pax sparse files 1.0 (GNU tar).
    public init(properties: RestorableProperties, keepsHoles: Bool) {
        self.properties = properties
        self.keepsHoles = keepsHoles
    }

    /// Two zero blocks.
    public static let end = [UInt8](repeating: 0, count: 1024)

    /// Zeros up to the next multiple of 512 behind `size` bytes of content.
    public static func padding(_ size: UInt64) -> [UInt8] {
        [UInt8](repeating: 0, count: Int((512 - size % 512) % 512))
    }

    /// All headers of an entry, and its sparse map where it keeps holes: everything in front of the stored bytes.
    public func headers(_ entry: TarEntry) -> [UInt8] {
        let name = entry.path.archiveName + (entry.type == .directory && !entry.path.isRoot ? [0x2F] : [])
        let link = entry.hardlinkTarget?.archiveName ?? entry.linkTarget
        // Keys are bytes: an attribute's name need not be UTF-8.
        var records: [UInt8] = []
        func add(_ key: [UInt8], _ value: [UInt8]) { records += Self.record(key, value) }
        func add(_ key: String, _ value: [UInt8]) { add(Array(key.utf8), value) }
        if properties.attributes {
            for attribute in entry.xattrs { add(AttributeKey.encode(attribute.name), attribute.value) }
            if let acl = entry.accessACL { add("SCHILY.acl.access", acl) }
            if let acl = entry.defaultACL { add("SCHILY.acl.default", acl) }
        }
        let map = keepsHoles ? entry.sparse.map(sparseText) : nil
        if let sparse = entry.sparse, map != nil {
            add("GNU.sparse.major", Array("1".utf8))
            add("GNU.sparse.minor", Array("0".utf8))
            add("GNU.sparse.name", name)
            add("GNU.sparse.realsize", Array(String(sparse.realSize).utf8))
        }
        if properties.nanoseconds, entry.modified.nanoseconds > 0 || !records.isEmpty {
            add("mtime", Array(entry.modified.paxText.utf8))
        }
        if records.isEmpty {
            return long("L", name) + long("K", link) + header(entry, name, link, stored: storedSize(entry), pax: false)
        }
        if name.count > 100 { add("path", name) }
        if link.count > 100 { add("linkpath", link) }
        let stored = (map.map { UInt64($0.count) + (entry.sparse?.storedSize ?? 0) }) ?? storedSize(entry)
        if stored >= 1 << 33 { add("size", Array(String(stored).utf8)) }
        return extensionHeader("x", "././@PaxHeader", records)
            + header(entry, name, link, stored: stored, pax: true) + (map ?? [])
    }

    /// Bytes of content that follow the headers: holes are zeros unless they are kept.
    public func storedSize(_ entry: TarEntry) -> UInt64 {
        guard entry.type == .file else { return 0 }
        return keepsHoles ? entry.sparse?.storedSize ?? entry.size : entry.size
    }

    private func sparseText(_ map: SparseMap) -> [UInt8] {
        var text = "\(map.segments.count)\n"
        for segment in map.segments { text += "\(segment.offset)\n\(segment.length)\n" }
        return Array(text.utf8) + Self.padding(UInt64(text.utf8.count))
    }

    /// An `L` or `K` header where the bytes do not fit the field of 100; they end in a NUL, as GNU tar writes them.
    private func long(_ type: Character, _ bytes: [UInt8]) -> [UInt8] {
        bytes.count > 100 ? extensionHeader(type, "././@LongLink", bytes + [0]) : []
    }

    private func extensionHeader(_ type: Character, _ name: String, _ body: [UInt8]) -> [UInt8] {
        var block = HeaderBlock()
        block.text(0, 100, Array(name.utf8))
        block.number(100, 8, 0o644)
        block.number(108, 8, 0)
        block.number(116, 8, 0)
        block.number(124, 12, Int64(body.count))
        block.number(136, 12, 0)
        block.bytes[156] = type.asciiValue ?? 0
        return block.finish(pax: type == "x") + body + Self.padding(UInt64(body.count))
    }

    private func header(_ entry: TarEntry, _ name: [UInt8], _ link: [UInt8], stored: UInt64, pax: Bool) -> [UInt8] {
        var block = HeaderBlock()
        block.text(0, 100, Array(name.prefix(100)))
        block.number(100, 8, Int64(entry.mode))
        block.number(108, 8, Int64(entry.uid))
        block.number(116, 8, Int64(entry.gid))
        block.number(124, 12, Int64(clamping: stored))
        block.number(136, 12, entry.modified.seconds)
        block.bytes[156] = entry.type.typeByte
        block.text(157, 100, Array(link.prefix(100)))
        if entry.type == .characterDevice || entry.type == .blockDevice {
            block.number(329, 8, Int64(entry.device.major))
            block.number(337, 8, Int64(entry.device.minor))
        }
        return block.finish(pax: pax)
    }

    /// `"%d key=value\n"`, where the number counts its own digits.
    static func record(_ key: [UInt8], _ value: [UInt8]) -> [UInt8] {
        let rest = key.count + value.count + 3
        var length = rest + String(rest).utf8.count
        length = rest + String(length).utf8.count
        return Array("\(length) ".utf8) + key + [UInt8(ascii: "=")] + value + [0x0A]
    }
}

/// One header block under construction.
private struct HeaderBlock {
    var bytes = [UInt8](repeating: 0, count: 512)

    mutating func text(_ start: Int, _ length: Int, _ text: [UInt8]) {
        bytes.replaceSubrange(start..<start + min(length, text.count), with: text.prefix(length))
    }

    /// Octal with a NUL behind it where it fits, else base-256.
    mutating func number(_ start: Int, _ length: Int, _ value: Int64) {
        let digits = Array(String(max(0, value), radix: 8).utf8)
        if value >= 0, digits.count < length {
            let zeros = [UInt8](repeating: 0x30, count: length - 1 - digits.count)
            bytes.replaceSubrange(start..<start + length - 1, with: zeros + digits)
            return
        }
        var rest = value
        for index in stride(from: start + length - 1, through: start + 1, by: -1) {
            bytes[index] = UInt8(truncatingIfNeeded: rest)
            rest >>= 8
        }
        bytes[start] = value < 0 ? 0xFF : 0x80
    }

    mutating func finish(pax: Bool) -> [UInt8] {
        text(257, 8, Array((pax ? "ustar\u{0}00" : "ustar  \u{0}").utf8))
        for index in 148..<156 { bytes[index] = 0x20 }
        let sum = bytes.reduce(0) { $0 + Int($1) }
        let digits = Array(String(sum, radix: 8).utf8)
        text(148, 8, [UInt8](repeating: 0x30, count: 6 - digits.count) + digits + [0, 0x20])
        return bytes
    }
}

extension EntryType {
    /// POSIX's type flag.
    fileprivate var typeByte: UInt8 {
        switch self {
        case .file: UInt8(ascii: "0")
        case .hardlink: UInt8(ascii: "1")
        case .symlink: UInt8(ascii: "2")
        case .characterDevice: UInt8(ascii: "3")
        case .blockDevice: UInt8(ascii: "4")
        case .directory: UInt8(ascii: "5")
        case .fifo: UInt8(ascii: "6")
        }
    }
}
