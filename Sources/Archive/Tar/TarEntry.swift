/// One object of an archive, as the strict header check understood it.
public struct TarEntry: Sendable, Equatable {
    /// Where it lies below the archived directory.
    public var path: EntryPath
    /// What it is.
    public var type: EntryType
    /// Permission bits with setuid, setgid and sticky: 0…0o7777.
    public var mode: UInt32
    /// Numeric owner, below 2³²−1. User names in the archive are ignored.
    public var uid: UInt32
    /// Numeric group, below 2³²−1. Group names in the archive are ignored.
    public var gid: UInt32
    /// Length of the content in bytes, holes included; 0 for everything but files.
    public var size: UInt64 = 0
    /// Time of the last change of the content.
    public var modified: Timestamp
    /// The target of a symbolic link, byte for byte as stored; empty otherwise.
    public var linkTarget: [UInt8] = []
    /// The earlier entry that a hard link names.
    public var hardlinkTarget: EntryPath?
    /// Device numbers (major, minor) of a device.
    public var device = DeviceNumber(major: 0, minor: 0)
    /// Extended attributes by name, in the archive's order (pax key `SCHILY.xattr.<name>`).
    public var xattrs: [ExtendedAttribute] = []
    /// POSIX ACLs in text form (pax keys `SCHILY.acl.access` and `SCHILY.acl.default`).
    public var accessACL: [UInt8]?
    /// The ACL that new children of a directory inherit.
    public var defaultACL: [UInt8]?
    /// Where the data of a sparse file lies; nil for a file that is stored whole.
    public var sparse: SparseMap?
    /// Byte of the tar stream at which the entry's first header (extensions included) begins.
    public var offset: UInt64

    /// Bytes of the file that the archive does not store, because they are holes.
    public var holeBytes: UInt64 { sparse?.holeBytes ?? 0 }
    /// True for a file whose recorded digest is one of its blocks, because hashing its holes would take too long.
    public var isTooSparse: Bool { isDigestOfBlocks(.recorded) }
    /// True for a file with a size of which the archive stores no byte: whether it is empty is its file system's word.
    public var isHoleOnly: Bool { size > 0 && sparse?.storedSize == 0 }

    /// An entry without content, links, device or attributes: what a directory needs.
    public init(
        path: EntryPath, type: EntryType, mode: UInt32, uid: UInt32, gid: UInt32, modified: Timestamp, offset: UInt64
    ) {
        self.path = path
        self.type = type
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.modified = modified
        self.offset = offset
    }

    /// Compares everything but the place in the stream.
    public static func == (left: TarEntry, right: TarEntry) -> Bool {
        left.path == right.path && left.type == right.type && left.mode == right.mode && left.uid == right.uid
            && left.gid == right.gid && left.size == right.size && left.modified == right.modified
            && left.linkTarget == right.linkTarget && left.hardlinkTarget == right.hardlinkTarget
            && left.device == right.device && left.xattrs == right.xattrs && left.accessACL == right.accessACL
            && left.defaultACL == right.defaultACL
    }
}

extension [TarEntry] {
    /// The deepest first: a directory's time is set when nothing in it changes any more.
    var deepestFirst: [TarEntry] {
        map { (depth: $0.path.depth, entry: $0) }.sorted { $0.depth > $1.depth }.map(\.entry)
    }
}

/// A device's numbers, as `mknod` takes them.
public struct DeviceNumber: Sendable, Hashable {
    /// Which driver.
    public let major: UInt32
    /// Which device of it.
    public let minor: UInt32

    /// Both in one number, as Linux's makedev(3) packs them.
    var packed: UInt {
        let (major, minor) = (UInt(major), UInt(minor))
        return (major & 0xFFFF_F000) << 32 | (major & 0xFFF) << 8 | (minor & 0xFFFF_FF00) << 12 | minor & 0xFF
    }
}

/// A name and a value, both bytes (xattr(7)).
public struct ExtendedAttribute: Sendable, Hashable {
    /// With its name space: `user.comment`, `security.capability`.
    public let name: [UInt8]
    /// Any bytes.
    public let value: [UInt8]

    /// Puts the two together.
    public init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }
}
