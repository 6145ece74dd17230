internal import Glibc

/// What fstatat(2) tells about a directory entry, without following a link.
public struct FileStatus: Sendable, Hashable {
    /// The kind of object behind a name.
    public enum Kind: String, Sendable, Codable {
        case file, directory, symlink, fifo, socket
        case characterDevice = "character device"
        case blockDevice = "block device"
        case unknown

        /// What messages call it.
        public var name: String { self == .symlink ? "symbolic link" : rawValue }

        /// From the S_IFMT bits of a mode.
        init(mode: UInt32) {
            switch mode & S_IFMT {
            case S_IFREG: self = .file
            case S_IFDIR: self = .directory
            case S_IFLNK: self = .symlink
            case S_IFIFO: self = .fifo
            case S_IFSOCK: self = .socket
            case S_IFCHR: self = .characterDevice
            case S_IFBLK: self = .blockDevice
            default: self = .unknown
            }
        }
    }

    public let kind: Kind
    /// Permission bits with setuid, setgid and sticky (07777).
    public let mode: UInt32
    public let uid: UInt32
    public let gid: UInt32
    /// Bytes.
    public let size: UInt64
    public let modified: Timestamp
    /// The inode's own change time (ctime).
    public let changed: Timestamp
    /// Number of hard links.
    public let links: UInt64
    public let device: UInt64
    public let inode: UInt64

    init(_ status: stat) {
        kind = Kind(mode: status.st_mode)
        mode = status.st_mode & 0o7777
        uid = status.st_uid
        gid = status.st_gid
        size = UInt64(max(0, status.st_size))
        modified = Timestamp(seconds: Int64(status.st_mtim.tv_sec), nanoseconds: UInt32(status.st_mtim.tv_nsec))
        changed = Timestamp(seconds: Int64(status.st_ctim.tv_sec), nanoseconds: UInt32(status.st_ctim.tv_nsec))
        links = UInt64(status.st_nlink)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }

    /// Whether another look at the same name shows the same object with the same content, as far as a status can tell.
    func isUnchanged(since earlier: FileStatus) -> Bool {
        inode == earlier.inode && device == earlier.device && size == earlier.size && modified == earlier.modified
            && changed == earlier.changed
    }
}
