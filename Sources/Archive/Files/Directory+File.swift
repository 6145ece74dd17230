internal import CArchive
internal import Glibc
public import SystemPackage

extension Directory {
    /// What the names of our temporary files and directories begin with; a killed run may leave some.
    public static let temporaryPrefix = ".picjobs-tmp-"

    /// Opens a regular file for reading, never anything else; the caller closes the descriptor.
    ///
    /// Throws `.refused` naming what stands there instead (a link, a fifo, a device), `.notFound` where nothing does.
    public func openFile(_ path: RelativePath) throws(ArchiveError) -> FileDescriptor {
        // Look before opening: opening a device can have effects (rule 12).
        guard let status = try status(path) else {
            throw ArchiveError.system(.noSuchFileOrDirectory, "read", message(path))
        }
        try requireFile(status, path)
        let opened = open(path, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        let descriptor = FileDescriptor(rawValue: try Self.check(opened, "read", message(path)))
        do throws(ArchiveError) {
            try requireFile(self.status(of: descriptor, path), path)
        } catch {
            Glibc.close(descriptor.rawValue)
            throw error
        }
        return descriptor
    }

    /// Makes a new file with exactly `mode`, open for writing and reading (O_EXCL); the caller closes the descriptor.
    ///
    /// Throws `.exists` when anything has that name.
    public func createFile(_ path: RelativePath, mode: UInt32) throws(ArchiveError) -> FileDescriptor {
        let opened = open(path, flags: O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode: mode & 0o7777)
        let descriptor = try Self.check(opened, "create", message(path))
        do throws(ArchiveError) {
            // The umask took bits away.
            try Self.check(Self.retry { fchmod(descriptor, mode_t(mode)) }, "set the mode of", message(path))
        } catch {
            Glibc.close(descriptor)
            // Its maker does not know of it: it would stay.
            try at(path, "remove") { unlinkat($0, $1, 0) }
            throw error
        }
        return FileDescriptor(rawValue: descriptor)
    }

    /// The whole content of a regular file; throws `.refused` above `limit` bytes or where it is no regular file.
    public func readFile(_ path: RelativePath, limit: Int) throws(ArchiveError) -> [UInt8] {
        let descriptor = try openFile(path)
        defer { Glibc.close(descriptor.rawValue) }
        return try read(descriptor, path, limit: limit)
    }

    /// The whole content of a secret file: regular, one hard link, owned by this user or root, closed to all others.
    ///
    /// Throws `.refused` with the `chmod` or `chown` that repairs it.
    public func readSecret(_ path: RelativePath, limit: Int) throws(ArchiveError) -> [UInt8] {
        let descriptor = try openFile(path)
        defer { Glibc.close(descriptor.rawValue) }
        let status = try status(of: descriptor, path)
        let place = message(path)
        if status.mode & 0o177 != 0 {
            let mode = String(status.mode, radix: 8)
            throw ArchiveError(
                .refused, "secret file \(place) has mode 0\(mode), others may reach it: chmod 600 \(place)")
        }
        if status.uid != 0 && status.uid != geteuid() {
            throw ArchiveError(
                .refused, "secret file \(place) belongs to uid \(status.uid): chown \(geteuid()) \(place)")
        }
        if status.links != 1 {
            throw ArchiveError(
                .refused, "secret file \(place) has \(status.links) hard links: remove the others (find -samefile)")
        }
        return try read(descriptor, path, limit: limit)
    }

    /// Replaces or makes a file in one step: exclusive temporary beside it, write, fsync, rename, fsync the directory.
    ///
    /// A reader sees the old content or the new one, also after a power cut. With `replacing` false an existing name is
    /// `.exists`. On failure the temporary is removed and the old file untouched.
    public func writeAtomically(
        _ path: RelativePath, _ bytes: [UInt8], mode: UInt32, replacing: Bool = true
    ) throws(ArchiveError) {
        let parent: Directory
        if let path = path.parent { parent = try directory(path) } else { parent = self }
        let name = RelativePath(checked: [path.name])
        try parent.replace(name, mode: mode, replacing: replacing) { descriptor throws(ArchiveError) in
            try parent.write(bytes, to: descriptor, name)
            // A write by anyone but root clears setuid.
            try Self.check(Self.retry { fchmod(descriptor.rawValue, mode_t(mode)) }, "set the mode of", message(path))
        }
    }

    /// Replaces a file in one step and keeps its owner and mode, for a file that other programs write, too.
    ///
    /// - Parameter mode: for a file that is not there yet.
    public func rewrite(_ path: RelativePath, _ bytes: [UInt8], mode: UInt32) throws(ArchiveError) {
        guard let before = try status(path) else {
            try writeAtomically(path, bytes, mode: mode)
            return
        }
        let parent: Directory
        if let path = path.parent { parent = try directory(path) } else { parent = self }
        let name = RelativePath(checked: [path.name])
        try parent.replace(name, mode: before.mode) { descriptor throws(ArchiveError) in
            try parent.write(bytes, to: descriptor, name)
            try parent.setOwner(descriptor, uid: before.uid, gid: before.gid, mode: before.mode, name)
        }
    }

    /// The same with a content that `fill` writes; it may set owner and times, too.
    func replace(
        _ name: RelativePath, mode: UInt32, replacing: Bool = true,
        fill: (FileDescriptor) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        let temporary = Self.temporaryName()
        let descriptor = try createFile(temporary, mode: mode)
        var isOpen = true
        do throws(ArchiveError) {
            try fill(descriptor)
            try sync(descriptor, name)
            Glibc.close(descriptor.rawValue)
            isOpen = false
            try rename(temporary, to: name, replacing: replacing)
        } catch {
            if isOpen { Glibc.close(descriptor.rawValue) }
            do { try remove(temporary) } catch let second {
                throw ArchiveError(error.code, "\(error.message); and then \(second.message)", underlying: error)
            }
            throw error
        }
        try sync()
    }

    /// Removes temporaries that a killed run left directly in this directory; returns their number.
    ///
    /// - Parameter before: only those last changed before this second; another process may be writing a younger one.
    @discardableResult
    public func removeTemporaries(before: Int64 = .max) throws(ArchiveError) -> Int {
        var count = 0
        for entry in try list() where entry.name.starts(with: Self.temporaryPrefix.utf8) {
            guard let status = try status(entry.path), status.modified.seconds < before else { continue }
            if try removeTree(entry.path) { count += 1 }
        }
        return count
    }

    static func temporaryName() -> RelativePath {
        RelativePath(checked: [Array((temporaryPrefix + String(UInt64.random(in: 0...UInt64.max), radix: 16)).utf8)])
    }

    /// The status of an open file.
    func status(of descriptor: FileDescriptor, _ path: RelativePath) throws(ArchiveError) -> FileStatus {
        var status = stat()
        try Self.check(Self.retry { fstat(descriptor.rawValue, &status) }, "look at", message(path))
        return FileStatus(status)
    }

    private func requireFile(_ status: FileStatus, _ path: RelativePath) throws(ArchiveError) {
        guard status.kind != .file else { return }
        throw ArchiveError(
            .refused, "\(message(path)) is a \(status.kind.name) where a regular file should be; replace it by one")
    }
}
