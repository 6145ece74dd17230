internal import Glibc
internal import SystemPackage

/// Copies plain files and directories into a snapshot: config_paths below `project/`, the cell's state below `cell/`.
///
/// A relative link that stays inside its path is recorded. Sockets, fifos, devices, other links, and what can't be read
/// are left out and named; the rest is copied. Everything is opened beneath its directory through no link (rule 12). The copies are 0600 and 0700; what the
/// originals were is recorded in ``files``. Paths may overlap: what is copied already is not copied again.
public struct TreeCopy: Sendable {
    /// Where the originals are: the cell's root.
    public let source: Directory
    /// Where the copies go: the snapshot's directory.
    public let snapshot: Directory
    /// `project` or `cell`.
    public let place: RelativePath
    /// The record of all that was copied, sorted by path when read.
    public var files: [SnapshotFile] { copied.sorted { $0.key < $1.key }.map(\.value) }
    /// One sentence for each file that kept changing.
    public private(set) var warnings: [String] = []

    private let refusing: [RelativePath]
    private let attempts: Int
    private var bytesLeft: UInt64
    private var copied: [RelativePath: SnapshotFile] = [:]
    /// Whether the last error came from reading an original, and not from writing the copy.
    private var isSourceFault = false

    /// How deep below a path a copy goes, and how many files and directories it takes.
    static let depthLimit = 512
    static let entryLimit = 1_000_000
    /// How much may be left out of a path before all of it counts as failed.
    static let leftOutLimit = 1000

    /// `refusing` names what must never be in a snapshot, e.g. `data/keys` and the store itself, relative to `source`.
    ///
    /// A file that changes while it is copied is read up to `attempts` times, then copied with a warning. All copies
    /// together may have `byteLimit` bytes, so that no service fills the disk by its configuration.
    public init(
        from source: Directory, into snapshot: Directory, below place: RelativePath, refusing: [RelativePath] = [],
        attempts: Int = 3, byteLimit: UInt64 = 16 << 30
    ) {
        self.source = source
        self.snapshot = snapshot
        self.place = place
        self.refusing = refusing
        self.attempts = max(1, attempts)
        bytesLeft = byteLimit
    }

    /// Copies one path with all that is below it.
    ///
    /// Throws `.notFound` for a missing path and `.refused` for one that is itself a link, fifo, socket or device; then
    /// nothing new of this path is in the snapshot or in ``files``.
    /// - Returns: What was left out, in the order it was met.
    @discardableResult
    public mutating func add(_ path: RelativePath) throws(ArchiveError) -> [MissingCopy] {
        var fresh: [RelativePath] = []
        var leftOut: [MissingCopy] = []
        do throws(ArchiveError) {
            try add(path, &fresh, &leftOut)
            return leftOut
        } catch {
            for path in fresh.reversed() {
                let copy = place.appending(path)
                let record = copied.removeValue(forKey: path)
                bytesLeft += record?.size ?? 0
                switch record?.type {
                case .directory: try removeIfEmpty(copy)
                case .link: continue
                case .file, nil: try snapshot.remove(copy)
                }
            }
            try removeEmptyParents(of: path)
            throw error
        }
    }

    /// A directory without a record and without anything recorded below it would count as extra.
    private func removeEmptyParents(of path: RelativePath) throws(ArchiveError) {
        var parent = path.parent
        while let directory = parent, copied[directory] == nil {
            try removeIfEmpty(place.appending(directory))
            parent = directory.parent
        }
    }

    private func removeIfEmpty(_ path: RelativePath) throws(ArchiveError) {
        do throws(ArchiveError) { try snapshot.removeDirectory(path) } catch {
            // It holds what another path put there.
            if error.code != .exists { throw error }
        }
    }

    private mutating func add(
        _ root: RelativePath, _ fresh: inout [RelativePath], _ leftOut: inout [MissingCopy]
    ) throws(ArchiveError) {
        if let above = root.parent { _ = try snapshot.createDirectories(place.appending(above), mode: 0o700) }
        _ = try snapshot.createDirectories(place, mode: 0o700)
        var pending = [root]
        while let path = pending.popLast() {
            if let secret = refusing.first(where: { path.isWithin($0) }) {
                throw ArchiveError(.refused, "\(source.message(path)) is never copied into a snapshot (\(secret))")
            }
            guard let status = try source.status(path) else {
                // Below the root it vanished between the listing and now, which is no loss.
                if path != root { continue }
                throw ArchiveError.system(.noSuchFileOrDirectory, "copy", source.message(path))
            }
            switch status.kind {
            case .directory:
                if path.components.count - root.components.count > Self.depthLimit {
                    throw ArchiveError(.refused, "\(source.message(path)) is deeper than \(Self.depthLimit) levels")
                }
                if copied[path] == nil {
                    // It may be there already, as the parent of an earlier path.
                    _ = try snapshot.createDirectories(place.appending(path), mode: 0o700)
                    record(path, .directory, status)
                    fresh.append(path)
                }
                do throws(ArchiveError) {
                    let entries = try source.directory(path).list(limit: Self.entryLimit)
                    pending += entries.reversed().filter { !isTemporary($0) }.map { path.appending($0.name) }
                } catch {
                    guard path != root, Self.isUnreadable(error) else { throw error }
                    leftOut.append(MissingCopy(path, .unreadable, error.message))
                }
            case .file:
                if copied[path] == nil { try copyIfReadable(path, root, &fresh, &leftOut) }
            case .symlink where path != root:
                let target = try source.readLink(path)
                if LinkTarget.staysInside(target, at: path, within: root) {
                    if copied[path] == nil {
                        record(path, .link, status, target: target)
                        fresh.append(path)
                    }
                } else {
                    leftOut.append(
                        MissingCopy(
                            path, .link,
                            "\(source.message(path)) is a symbolic link to \"\(EscapedName.encode(target))\", out of "
                                + "\(root), and was left out with all it names: replace it, or name a path above both"))
                }
            case _ where path != root:
                leftOut.append(
                    MissingCopy(path, .special, "\(source.message(path)) is a \(status.kind.name) and was left out"))
            default:
                throw ArchiveError(
                    .refused,
                    "\(source.message(path)) is a \(status.kind.name); only regular files and directories "
                        + "are copied: replace or move it")
            }
            if leftOut.count > Self.leftOutLimit {
                throw ArchiveError(
                    .refused,
                    "\(source.message(root)) has more than \(Self.leftOutLimit) entries that can't be copied, such as "
                        + "\(source.message(path))")
            }
            if copied.count > Self.entryLimit {
                throw ArchiveError(.refused, "\(source.message(root)) has more than \(Self.entryLimit) entries")
            }
        }
    }

    private mutating func record(
        _ path: RelativePath, _ type: SnapshotFile.Kind, _ status: FileStatus, size: UInt64? = nil,
        digest: SHA256Digest? = nil, target: [UInt8]? = nil
    ) {
        copied[path] = SnapshotFile(
            path: place.appending(path).description, type: type, size: size, sha256: digest,
            target: target.map { EscapedName.encode($0) }, mode: status.mode, uid: status.uid, gid: status.gid,
            mtime: status.modified)
    }

    /// One file that can't be read does not cost the others their copies.
    private mutating func copyIfReadable(
        _ path: RelativePath, _ root: RelativePath, _ fresh: inout [RelativePath], _ leftOut: inout [MissingCopy]
    ) throws(ArchiveError) {
        let count = fresh.count
        isSourceFault = false
        do throws(ArchiveError) {
            try copyFile(path, &fresh)
        } catch {
            guard path != root, isSourceFault else { throw error }
            if fresh.count > count { try snapshot.remove(place.appending(fresh.removeLast())) }
            // It vanished between the listing and now, which is no loss.
            if error.code == .notFound { return }
            guard Self.isUnreadable(error) else { throw error }
            leftOut.append(MissingCopy(path, .unreadable, error.message))
        }
    }

    private static func isUnreadable(_ error: ArchiveError) -> Bool {
        [.permissionDenied, .notPermitted, .ioError].contains(error.underlying as? Errno)
    }

    private mutating func copyFile(_ path: RelativePath, _ fresh: inout [RelativePath]) throws(ArchiveError) {
        let target = place.appending(path)
        let output = try snapshot.createFile(target, mode: 0o600)
        defer { Glibc.close(output.rawValue) }
        fresh.append(path)
        for attempt in 1...attempts {
            isSourceFault = true
            let input = try source.openFile(path)
            defer { Glibc.close(input.rawValue) }
            let before = try source.status(of: input, path)
            isSourceFault = false
            if before.size > bytesLeft {
                throw ArchiveError(
                    .refused,
                    "\(source.message(path)) has \(before.size) bytes, only \(bytesLeft) more are copied as configuration; "
                        + "keep large data in a volume")
            }
            // No further than the size at the start: an ever-growing log would never end.
            let (size, digest) = try stream(input, path, to: output, target, limit: before.size)
            let after = try source.status(of: input, path)
            // The name may stand for another file by now.
            let isSame = try source.status(path)?.isUnchanged(since: before) ?? false
            let isCalm = after.isUnchanged(since: before) && size == before.size && isSame
            guard isCalm || attempt == attempts else {
                try Directory.check(
                    Directory.retry { ftruncate(output.rawValue, 0) }, "empty", snapshot.message(target))
                lseek(output.rawValue, 0, SEEK_SET)
                continue
            }
            if !isCalm {
                warnings.append("\(source.message(path)) kept changing while it was copied (\(attempts) attempts)")
            }
            try snapshot.setTimes(output, after.modified, target)
            record(path, .file, after, size: size, digest: digest)
            bytesLeft -= size
            return
        }
    }

    private mutating func stream(
        _ input: FileDescriptor, _ path: RelativePath, to output: FileDescriptor, _ target: RelativePath,
        limit: UInt64
    ) throws(ArchiveError) -> (UInt64, SHA256Digest) {
        var hash = SHA256()
        var size: UInt64 = 0
        var buffer = [UInt8](repeating: 0, count: 1 << 17)
        while true {
            isSourceFault = true
            let count = try source.read(input, into: &buffer, path)
            isSourceFault = false
            if count == 0 { return (size, hash.finish()) }
            let part = Array(buffer.prefix(Int(min(UInt64(count), limit - size))))
            hash.update(part)
            try snapshot.write(part, to: output, target)
            size += UInt64(part.count)
            if size == limit { return (size, hash.finish()) }
        }
    }

    private func isTemporary(_ entry: DirectoryEntry) -> Bool {
        entry.name.starts(with: Directory.temporaryPrefix.utf8)
    }
}
