internal import CArchive
internal import Glibc
internal import SystemPackage

/// The second pass: makes the tree beneath an open, empty directory, every name resolved with openat2 (rule 12).
final class HostWriter: TarSink {
    private let root: Directory
    private let rules: HostRules
    private let selection: EntrySelection
    private var directories: [TarEntry] = []
    private var file: (descriptor: FileDescriptor, path: RelativePath)?
    /// What could not be given to a file, one sentence each.
    private(set) var warnings: [String] = []

    private let progress: TransferProgress

    init(_ root: Directory, _ rules: HostRules, _ selection: EntrySelection, _ progress: TransferProgress) {
        self.root = root
        self.progress = progress
        self.rules = rules
        self.selection = selection
    }

    deinit { if let file { close(file.descriptor.rawValue) } }

    func begin(_ entry: TarEntry) throws(ArchiveError) {
        guard selection.includes(entry) else { return }
        // The file may have changed since the first pass: both look.
        try rules.check(entry)
        guard !entry.path.isRoot else {
            directories.append(entry)
            return
        }
        let path = try RelativePath(entry.path.bytes)
        switch entry.type {
        case .directory:
            if try root.status(path) == nil { try root.createDirectory(path, mode: 0o700) }
            directories.append(entry)
        case .file: file = (try root.createFile(path, mode: 0o600), path)
        case .symlink:
            try root.createLink(path, to: entry.linkTarget)
            try finishLink(path, entry)
        case .hardlink: try makeHardLink(path, entry)
        case .fifo, .characterDevice, .blockDevice:
            let kind = entry.type == .fifo ? S_IFIFO : entry.type == .blockDevice ? S_IFBLK : S_IFCHR
            let device = entry.type == .fifo ? 0 : entry.device.packed
            try root.at(path, "make") { mknodat($0, $1, kind | 0o600, device) }
            try finishLink(path, entry)
            try root.at(path, "set the mode of") { fchmodat($0, $1, rules.mode(entry), 0) }
        }
    }

    func content(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(ArchiveError) {
        guard let file else { return }
        do {
            try file.descriptor.writeAll(toAbsoluteOffset: Int64(offset), bytes)
        } catch let error as Errno {
            throw ArchiveError.system(error, "write", root.message(file.path))
        } catch {
            throw ArchiveError(.system, "cannot write \(root.message(file.path))", underlying: error)
        }
    }

    func end(_ entry: TarEntry, digest: SHA256Digest?) throws(ArchiveError) {
        guard let file, entry.type == .file else { return }
        self.file = nil
        defer { close(file.descriptor.rawValue) }
        try Directory.check(
            Directory.retry { ftruncate(file.descriptor.rawValue, off_t(entry.size)) }, "set the size of",
            root.message(file.path))
        try setMetadata(file.descriptor, file.path, entry)
    }

    /// Directories get their modes and times last, the deepest first: until then they must be writable.
    func finish() throws(ArchiveError) {
        for entry in directories.deepestFirst {
            try progress.checkCancelled()
            guard !entry.path.isRoot else {
                // A copy of the descriptor's owner is needed only for its metadata.
                try setMetadata(root.descriptor, "root", entry)
                continue
            }
            let path = try RelativePath(entry.path.bytes)
            let directory = try root.directory(path)
            try setMetadata(directory.descriptor, path, entry)
        }
    }

    private func setMetadata(
        _ descriptor: FileDescriptor, _ path: RelativePath, _ entry: TarEntry
    ) throws(ArchiveError) {
        if rules.owners {
            try root.setOwner(descriptor, uid: entry.uid, gid: entry.gid, mode: rules.mode(entry), path)
        } else {
            try Directory.check(
                Directory.retry { fchmod(descriptor.rawValue, rules.mode(entry)) }, "set the mode of",
                root.message(path))
        }
        for attribute in entry.xattrs {
            let name = ByteText.escape(attribute.name)
            guard rules.allows(attribute) else {
                warn("\(path): attribute \(name) is not restored on the host")
                continue
            }
            let result = (attribute.name + [0]).withUnsafeBytes { text in
                attribute.value.withUnsafeBytes { value in
                    carchive_fsetxattr(
                        descriptor.rawValue, text.assumingMemoryBound(to: CChar.self).baseAddress, value.baseAddress,
                        UInt(value.count))
                }
            }
            if result < 0 { warn("\(path): attribute \(name) is not restored: \(Errno(rawValue: -result))") }
        }
        if entry.accessACL != nil || entry.defaultACL != nil { warn("\(path): its ACL is not restored on the host") }
        try root.setTimes(descriptor, entry.modified, path)
    }

    /// Owner and time of something that can't be opened.
    private func finishLink(_ path: RelativePath, _ entry: TarEntry) throws(ArchiveError) {
        if rules.owners {
            try root.at(path, "set the owner of") { fchownat($0, $1, entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW) }
        }
        let time = timespec(tv_sec: Int(entry.modified.seconds), tv_nsec: Int(entry.modified.nanoseconds))
        try root.at(path, "set the time of") { utimensat($0, $1, [time, time], AT_SYMLINK_NOFOLLOW) }
    }

    private func makeHardLink(_ path: RelativePath, _ entry: TarEntry) throws(ArchiveError) {
        guard let target = entry.hardlinkTarget else { return }
        let original = try RelativePath(target.bytes)
        let parent = try original.parent.map { path throws(ArchiveError) in try root.directory(path) } ?? root
        try root.at(path, "link") { directory, name in
            RelativePath.withCString(original.name) { linkat(parent.descriptor.rawValue, $0, directory, name, 0) }
        }
    }

    private func warn(_ line: String) { if warnings.count < 1000 { warnings.append(line) } }
}
