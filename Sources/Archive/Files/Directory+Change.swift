internal import CArchive
internal import Glibc
internal import SystemPackage

extension Directory {
    /// Removes a name that is no directory; false where there was none (unlinkat(2)).
    @discardableResult
    public func remove(_ path: RelativePath) throws(ArchiveError) -> Bool {
        try removeIfPresent(path, flags: 0)
    }

    /// Removes an empty directory; false where there was none.
    @discardableResult
    public func removeDirectory(_ path: RelativePath) throws(ArchiveError) -> Bool {
        try removeIfPresent(path, flags: AT_REMOVEDIR)
    }

    private func removeIfPresent(_ path: RelativePath, flags: Int32) throws(ArchiveError) -> Bool {
        do {
            try at(path, "remove") { unlinkat($0, $1, flags) }
            return true
        } catch {
            if error.code == .notFound { return false }
            throw error
        }
    }

    /// Renames an entry, in one step for every observer.
    ///
    /// With `replacing` false the kernel decides (RENAME_NOREPLACE): `.exists` when the new name is taken.
    public func rename(
        _ path: RelativePath, to target: RelativePath, in directory: Directory? = nil, replacing: Bool
    ) throws(ArchiveError) {
        try rename(path, to: target, in: directory ?? self, flags: replacing ? 0 : carchive_rename_noreplace)
    }

    /// Exchanges two entries of this directory, in one step for every observer (RENAME_EXCHANGE).
    public func exchange(_ path: RelativePath, with other: RelativePath) throws(ArchiveError) {
        try rename(path, to: other, in: self, flags: carchive_rename_exchange)
    }

    private func rename(
        _ path: RelativePath, to target: RelativePath, in destination: Directory, flags: UInt32
    ) throws(ArchiveError) {
        var failure: ArchiveError?
        try at(path, "rename") { fromDirectory, from in
            do throws(ArchiveError) {
                try destination.at(target, "rename \(self.message(path)) to") { toDirectory, to in
                    let result = carchive_renameat2(fromDirectory, from, toDirectory, to, flags)
                    if result < 0 { errno = result == -EINVAL && flags != 0 ? EOPNOTSUPP : -result }
                    return result < 0 ? -1 : 0
                }
            } catch { failure = error }
            return 0
        }
        if let failure { throw failure }
    }

    /// The bytes a symbolic link holds, neither resolved nor checked; at most 4095 (readlinkat(2)).
    public func readLink(_ path: RelativePath) throws(ArchiveError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        var count = 0
        try at(path, "read the link") { directory, name in
            let result = buffer.withUnsafeMutableBytes { bytes in
                guard let base = bytes.bindMemory(to: CChar.self).baseAddress else { return 0 }
                return readlinkat(directory, name, base, bytes.count)
            }
            count = max(0, result)
            return result < 0 ? -1 : 0
        }
        return Array(buffer.prefix(count))
    }

    /// Makes a symbolic link that holds `target`; `.exists` when the name is taken (symlinkat(2)).
    public func createLink(_ path: RelativePath, to target: [UInt8]) throws(ArchiveError) {
        try at(path, "create the link") { directory, name in
            RelativePath.withCString(target) { symlinkat($0, directory, name) }
        }
    }

    /// Removes an entry with all that is below it; false where there was none.
    ///
    /// Follows no link, enters no other mount, and needs no memory or descriptors for depth: subdirectories are first
    /// moved up to the top, then emptied one after the other. What is gone already is no error.
    @discardableResult
    public func removeTree(_ path: RelativePath) throws(ArchiveError) -> Bool {
        guard let status = try status(path) else { return false }
        guard status.kind == .directory else { return try remove(path) }
        let top = try openForRemoval(path)
        var counter: UInt64 = 0
        while true {
            let entries = try top.read(atMost: 1024)
            if entries.isEmpty { break }
            for entry in entries {
                if entry.kind == .directory { try top.empty(entry.path, &counter) } else { try top.remove(entry.path) }
            }
        }
        return try removeDirectory(path)
    }

    /// Unlinks the files in a subdirectory, moves its directories into this one, and removes it.
    private func empty(_ path: RelativePath, _ counter: inout UInt64) throws(ArchiveError) {
        let child: Directory
        do { child = try openForRemoval(path) } catch {
            if error.code == .notFound { return }
            throw error
        }
        while true {
            let entries = try child.read(atMost: 1024)
            if entries.isEmpty { break }
            for entry in entries {
                if entry.kind == .directory {
                    try lift(entry.path, from: child, &counter)
                } else {
                    try child.remove(entry.path)
                }
            }
        }
        try removeDirectory(path)
    }

    private func lift(
        _ path: RelativePath, from child: Directory, _ counter: inout UInt64
    ) throws(ArchiveError) {
        // Moving a directory rewrites its "..", which needs write permission on it.
        try child.unlock(path)
        while true {
            counter += 1
            let name = RelativePath(checked: [Array("\(Self.temporaryPrefix)\(counter)".utf8)])
            do {
                try child.rename(path, to: name, in: self, replacing: false)
                return
            } catch {
                if error.code == .notFound { return }
                guard error.code == .exists else { throw error }
            }
        }
    }

    private func openForRemoval(_ path: RelativePath) throws(ArchiveError) -> Directory {
        try unlock(path)
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        let opened = open(path, flags: flags, within: carchive_resolve_no_xdev)
        let descriptor = try Self.check(opened, "remove", message(path))
        return Directory(adopting: FileDescriptor(rawValue: descriptor), path: message(path))
    }

    /// Gives an owner who is not root the right to empty and move a directory; a failure shows in the next call.
    private func unlock(_ path: RelativePath) throws(ArchiveError) {
        guard geteuid() != 0 else { return }
        try at(path, "remove") { directory, name in
            fchmodat(directory, name, 0o700, AT_SYMLINK_NOFOLLOW)
            return 0
        }
    }
}
