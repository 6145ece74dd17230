internal import CArchive
internal import Glibc
public import SystemPackage

/// An open directory; every name is resolved beneath it by openat2(2), never through a symbolic link (rule 12).
///
/// Owns its descriptor and closes it at the end of its life. Safe to share: nothing in it changes.
public final class Directory: Sendable {
    /// Open for reading, close-on-exec; belongs to this object.
    public let descriptor: FileDescriptor
    /// Where it was opened, for messages.
    public let path: String

    init(adopting descriptor: FileDescriptor, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { Glibc.close(descriptor.rawValue) }

    /// Opens an existing directory (O_DIRECTORY | O_NOFOLLOW); a link as the path's last component is refused.
    ///
    /// Links in the components before it are the admin's own and are followed.
    public convenience init(opening path: FilePath) throws(ArchiveError) {
        // A trailing slash or dot would make the kernel follow a link in spite of O_NOFOLLOW.
        let plain = path.removingTrailingDots
        do {
            let descriptor = try FileDescriptor.open(
                plain, .readOnly, options: [.directory, .noFollow, .closeOnExec], retryOnInterrupt: true)
            self.init(adopting: descriptor, path: plain.description)
        } catch let errno as Errno {
            // O_DIRECTORY | O_NOFOLLOW on a link is ENOTDIR, which would tell people to look for a file.
            var status = stat()
            let isLink = plain.withPlatformString { lstat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFLNK
            throw ArchiveError.system(
                isLink ? .tooManySymbolicLinkLevels : errno, "open directory", plain.description)
        } catch {
            throw ArchiveError(.system, "cannot open directory \(plain): \(error)", underlying: error)
        }
    }

    /// Opens the directory, made with `mode` first if it is absent; its parent must exist.
    public convenience init(openingOrCreating path: FilePath, mode: UInt32) throws(ArchiveError) {
        let plain = path.removingTrailingDots
        let result = Self.retry { plain.withPlatformString { Glibc.mkdir($0, mode) } }
        if case .failure(let errno) = result, errno != .fileExists {
            throw ArchiveError.system(errno, "create directory", plain.description)
        }
        try self.init(opening: plain)
        if case .success = result {
            do {
                try Self.check(Self.retry { fchmod(descriptor.rawValue, mode) }, "set the mode of", self.path)
            } catch {
                try Self.check(
                    Self.retry { plain.withPlatformString { Glibc.rmdir($0) } }, "remove directory", self.path)
                throw error
            }
        }
    }

    /// Opens a directory below this one.
    public func directory(_ path: RelativePath) throws(ArchiveError) -> Directory {
        let opened = open(path, flags: O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        let descriptor = try Self.check(opened, "open directory", self.message(path))
        return Directory(adopting: FileDescriptor(rawValue: descriptor), path: message(path))
    }

    /// The same, or nil where nothing of that name exists.
    public func directoryIfPresent(_ path: RelativePath) throws(ArchiveError) -> Directory? {
        do { return try directory(path) } catch {
            if error.code == .notFound { return nil }
            throw error
        }
    }

    /// Makes one directory with exactly `mode`, whatever the umask (mkdirat(2), fchmod(2)).
    @discardableResult
    public func createDirectory(_ path: RelativePath, mode: UInt32) throws(ArchiveError) -> Directory {
        try at(path, "create directory") { mkdirat($0, $1, mode_t(mode)) }
        do {
            let directory = try directory(path)
            try Self.check(
                Self.retry { fchmod(directory.descriptor.rawValue, mode_t(mode)) }, "set the mode of", message(path))
            return directory
        } catch {
            // It is empty, and of no use to anybody.
            try at(path, "remove directory") { unlinkat($0, $1, AT_REMOVEDIR) }
            throw error
        }
    }

    /// Makes every missing component with `mode`; what exists already keeps its own.
    public func createDirectories(_ path: RelativePath, mode: UInt32) throws(ArchiveError) -> Directory {
        var current = self
        for component in path.components {
            let name = RelativePath(checked: [component])
            if let next = try current.directoryIfPresent(name) {
                current = next
            } else {
                do { current = try current.createDirectory(name, mode: mode) } catch {
                    // Another process made it in between.
                    guard error.code == .exists else { throw error }
                    current = try current.directory(name)
                }
            }
        }
        return current
    }

    /// The status of an entry, of a link itself; nil where nothing of that name exists (fstatat(2)).
    public func status(_ path: RelativePath) throws(ArchiveError) -> FileStatus? {
        var status = stat()
        do {
            try at(path, "look at") { fstatat($0, $1, &status, AT_SYMLINK_NOFOLLOW) }
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
        return FileStatus(status)
    }

    /// The status of this directory itself (fstat(2)).
    public func status() throws(ArchiveError) -> FileStatus {
        var status = stat()
        try Self.check(Self.retry { fstat(descriptor.rawValue, &status) }, "look at", path)
        return FileStatus(status)
    }

    /// Flushes the directory's entries to the device (fsync(2)).
    public func sync() throws(ArchiveError) {
        try Self.check(Self.retry { fsync(descriptor.rawValue) }, "write to the device", path)
    }

    /// Flushes all that was written to the directory's file system, data and names, to the device (syncfs(2)).
    public func syncFileSystem() throws(ArchiveError) {
        try Self.check(Self.retry { carchive_syncfs(descriptor.rawValue) }, "write to the device", path)
    }

    /// Bytes that an unprivileged process may still write to this file system (fstatvfs(3)).
    public func freeSpace() throws(ArchiveError) -> UInt64 {
        var status = statvfs()
        try Self.check(Self.retry { fstatvfs(descriptor.rawValue, &status) }, "ask for free space of", path)
        // A file system in user space may report any numbers.
        let (bytes, isTooMuch) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return isTooMuch ? .max : bytes
    }

    /// `path` as messages show it.
    func message(_ path: RelativePath) -> String { "\(self.path)/\(path)" }
}

extension FilePath {
    /// Without `.` components and slashes at its end.
    fileprivate var removingTrailingDots: FilePath {
        var path = self
        while let last = path.lastComponent, last.kind == .currentDirectory, path.components.count > 1 {
            path.removeLastComponent()
        }
        return path
    }
}
