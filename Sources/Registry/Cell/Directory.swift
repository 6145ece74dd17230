internal import Glibc
internal import SystemPackage

/// An open directory; everything in it is opened relative to the descriptor and without following links.
struct Directory: ~Copyable {
    private let descriptor: CInt

    /// What a name in a directory is.
    enum Kind {
        case directory, link, other, absent
    }

    private init(descriptor: CInt) {
        self.descriptor = descriptor
    }

    deinit {
        Glibc.close(descriptor)
    }

    /// Opens a directory by its path; links on the way are followed, because an admin may keep `data` on another disk.
    init(path: FilePath) throws(Errno) {
        let opened = path.withPlatformString { Glibc.open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard opened >= 0 else { throw Errno(rawValue: errno) }
        self.init(descriptor: opened)
    }

    /// Opens a directory inside this one; a link is refused with `ENOTDIR`.
    func directory(_ name: String) throws(Errno) -> Directory {
        let opened = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard opened >= 0 else { throw Errno(rawValue: errno) }
        return Directory(descriptor: opened)
    }

    /// What stands under a name, itself and not what a link points at.
    func kind(_ name: String) throws(Errno) -> Kind {
        var status = stat()
        guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            if errno == ENOENT { return .absent }
            throw Errno(rawValue: errno)
        }
        return switch status.st_mode & S_IFMT {
        case S_IFDIR: .directory
        case S_IFLNK: .link
        default: .other
        }
    }

    /// The names in the directory without `.` and `..`, unsorted. Bytes that are not UTF-8 are replaced; such a name is
    /// no service id, so it is only ever shown.
    func names() throws(Errno) -> [String] {
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { throw Errno(rawValue: errno) }
        guard let stream = fdopendir(copy) else {
            let reason = Errno(rawValue: errno)
            Glibc.close(copy)
            throw reason
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw Errno(rawValue: errno) }
                return names
            }
            // The record is shorter than `dirent`: never copy the whole struct.
            guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { throw .notSupported }
            let text = UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
            let name = String(cString: text)
            if name != ".", name != ".." { names.append(name) }
        }
    }

    /// Reads a regular file of at most `limit` bytes; longer ones come back cut after `limit` + 1 bytes. A link is
    /// `ELOOP`; anything else that is no regular file is `EINVAL`, and a fifo does not block.
    func read(_ name: String, limit: Int) throws(Errno) -> [UInt8] {
        let opened = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard opened >= 0 else { throw Errno(rawValue: errno) }
        defer { Glibc.close(opened) }
        var status = stat()
        guard fstat(opened, &status) == 0 else { throw Errno(rawValue: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .invalidArgument }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= limit {
            let wanted = min(chunk.count, limit + 1 - bytes.count)
            let count = chunk.withUnsafeMutableBytes { Glibc.read(opened, $0.baseAddress, wanted) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Errno(rawValue: errno) }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return bytes
    }
}

extension Errno {
    /// The reason a file could not be read, in words that say what to do.
    var readingFault: String {
        switch self {
        case .noSuchFileOrDirectory: "is missing"
        case .tooManySymbolicLinkLevels: "is a symbolic link; put the file itself in its place"
        case .invalidArgument, .noSuchAddressOrDevice: "is no regular file; put a regular file in its place"
        case .permissionDenied: "can't be read (permission denied); run picjobs as the cell's owner"
        case .ioError: "can't be read (input/output error); check the medium (dmesg)"
        case .tooManyOpenFiles: "can't be read (too many open files); raise the limit (LimitNOFILE= or ulimit -n)"
        case .tooManyOpenFilesInSystem: "can't be read (the system has too many open files); raise fs.file-max"
        default: "can't be read (\(self))"
        }
    }

    /// Whether a call failed for a reason that says nothing about the file's content or kind.
    var isOfSystem: Bool {
        switch self {
        case .noSuchFileOrDirectory, .tooManySymbolicLinkLevels, .invalidArgument, .noSuchAddressOrDevice,
            .notDirectory, .isDirectory:
            false
        default: true
        }
    }
}
