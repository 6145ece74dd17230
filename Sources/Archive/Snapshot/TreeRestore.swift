internal import Glibc
internal import SystemPackage

/// Puts plain files and directories of a snapshot back in place, beneath the target and through no link (rule 12).
///
/// Two passes: first every file's content is compared with its record and every place looked at, then each file is
/// replaced in one step. setuid and setgid of files and setuid of directories are masked on the host (rule 11).
public struct TreeRestore: Sendable {
    /// What a restore did, or would do.
    public struct Outcome: Sendable, Equatable {
        /// Files made or replaced, below the target, sorted.
        public var restored: [RelativePath] = []
        /// Files that were equal already.
        public var unchanged: [RelativePath] = []
        /// What stands below a restored directory and is not in the snapshot; removed only when that was asked for.
        public var extra: [RelativePath] = []
        /// Of these what no snapshot could hold, or what the copy is known to lack: never removed.
        public var kept: [RelativePath] = []
        /// One sentence for each owner that could not be set, and for each masked mode.
        public var warnings: [String] = []
    }

    private let snapshot: Directory
    private let place: RelativePath
    private let target: Directory
    private let records: [(path: RelativePath, source: RelativePath, record: SnapshotFile)]
    private let paths: [RelativePath]?
    private let leftOut: [RelativePath]

    /// Takes those of `files` that lie below `place` (`project` or `cell`) and, if `paths` is given, within one of these.
    ///
    /// `leftOut` names what the copies are known to lack. Throws `.damaged` for a record that names no such path.
    public init(
        _ files: [SnapshotFile], from snapshot: Directory, below place: RelativePath, to target: Directory,
        paths: [RelativePath]? = nil, leftOut: [RelativePath] = []
    ) throws(ArchiveError) {
        self.paths = paths
        self.leftOut = leftOut
        self.snapshot = snapshot
        self.place = place
        self.target = target
        var records: [(path: RelativePath, source: RelativePath, record: SnapshotFile)] = []
        for file in files {
            let source = try file.relativePath()
            guard let path = source.relative(to: place) else { continue }
            if let paths, !paths.contains(where: { path.isWithin($0) }) { continue }
            records.append((path, source, file))
        }
        self.records = records.sorted { $0.path < $1.path }
    }

    /// The first pass alone: what a restore would do; nothing is written.
    ///
    /// Throws `.damaged` where a copy differs from its record and `.refused` where a link or another kind stands in the
    /// target.
    public func plan() throws(ArchiveError) -> Outcome {
        var outcome = Outcome()
        var known: Set<RelativePath> = []
        for (path, source, record) in records {
            known.insert(path)
            let present = try target.status(path)
            switch record.type {
            case .directory:
                guard let present else { continue }
                try require(present, .directory, path)
                for entry in try target.directory(path).list() { outcome.extra.append(path.appending(entry.name)) }
            case .file:
                try compare(source, record)
                guard let present else {
                    outcome.restored.append(path)
                    continue
                }
                try require(present, .file, path)
                if try isEqual(path, present, record) {
                    outcome.unchanged.append(path)
                } else {
                    outcome.restored.append(path)
                }
            case .link:
                let link = try record.linkTarget()
                guard LinkTarget.staysInside(link, at: path, within: root(of: path)) else {
                    throw ArchiveError(
                        .refused,
                        "the snapshot's link \(record.path) leads out of \(root(of: path)), which no backup writes")
                }
                guard let present else {
                    outcome.restored.append(path)
                    continue
                }
                try require(present, .symlink, path)
                let isSame =
                    try target.readLink(path) == link && (present.uid, present.gid) == (record.uid, record.gid)
                if isSame { outcome.unchanged.append(path) } else { outcome.restored.append(path) }
            }
        }
        outcome.extra.removeAll { extra in
            known.contains(extra) || extra.name.starts(with: Directory.temporaryPrefix.utf8)
        }
        for extra in outcome.extra {
            let isLacking = leftOut.contains { $0.isWithin(extra) || extra.isWithin($0) }
            if isLacking {
                outcome.kept.append(extra)
            } else if try holdsMoreThanCopies(extra) {
                outcome.kept.append(extra)
            }
        }
        outcome.extra.removeAll { outcome.kept.contains($0) }
        return outcome
    }

    /// The configuration path that a restored one belongs to.
    private func root(of path: RelativePath) -> RelativePath {
        if let root = paths?.filter({ path.isWithin($0) }).min(by: { $0.components.count < $1.components.count }) {
            return root
        }
        return RelativePath(checked: Array(path.components.prefix(max(1, min(2, path.components.count - 1)))))
    }

    /// Whether something in the target could be in no snapshot, so that removing it would lose it.
    private func holdsMoreThanCopies(_ top: RelativePath) throws(ArchiveError) -> Bool {
        var pending = [top]
        while let path = pending.popLast() {
            guard let status = try target.status(path) else { continue }
            switch status.kind {
            case .file: continue
            case .directory: pending += try target.directory(path).list().map { path.appending($0.name) }
            case .symlink:
                if !LinkTarget.staysInside(try target.readLink(path), at: path, within: root(of: path)) { return true }
            default: return true
            }
        }
        return false
    }

    /// Both passes; `removingExtra` makes the restored directories equal to the snapshot.
    ///
    /// An error of the second pass leaves each file either old or new, and says which file it was.
    public func run(removingExtra: Bool = false) throws(ArchiveError) -> Outcome {
        var outcome = try plan()
        let wanted = Set(outcome.restored)
        for (path, source, record) in records {
            switch record.type {
            case .directory:
                try target.createDirectories(path, mode: 0o700).removeTemporaries()
            case .file where wanted.contains(path):
                let parent = try path.parent.map { path throws(ArchiveError) in
                    try target.createDirectories(path, mode: 0o755)
                }
                try restore(path, source, record, in: parent ?? target, &outcome.warnings)
            case .link where wanted.contains(path):
                let parent = try path.parent.map { path throws(ArchiveError) in
                    try target.createDirectories(path, mode: 0o755)
                }
                try restoreLink(path, record, in: parent ?? target, &outcome.warnings)
            case .file, .link: break
            }
        }
        if removingExtra {
            outcome.warnings += outcome.kept.map {
                "\(target.message($0)) stays: it is, or holds, what no snapshot has"
            }
        }
        if removingExtra { for path in outcome.extra { try target.removeTree(path) } }
        // The deepest first: writing an entry changed its directory's time.
        for (path, _, record) in records.reversed() where record.type == .directory {
            let directory = try target.directory(path)
            try setMetadata(directory.descriptor, record, path, &outcome.warnings)
            try directory.sync()
        }
        return outcome
    }

    private func restore(
        _ path: RelativePath, _ source: RelativePath, _ record: SnapshotFile, in parent: Directory,
        _ warnings: inout [String]
    ) throws(ArchiveError) {
        let input = try snapshot.openFile(source)
        defer { Glibc.close(input.rawValue) }
        let name = RelativePath(checked: [path.name])
        var notes: [String] = []
        try parent.replace(name, mode: 0o600) { output throws(ArchiveError) in
            var hash = SHA256()
            var buffer = [UInt8](repeating: 0, count: 1 << 17)
            while true {
                let count = try snapshot.read(input, into: &buffer, source)
                if count == 0 { break }
                let part = Array(buffer[..<count])
                hash.update(part)
                try parent.write(part, to: output, name)
            }
            // The second look at the same bytes: the copy may have changed since the first pass.
            guard hash.finish() == record.sha256 else { throw differs(record) }
            try setMetadata(output, record, path, &notes)
        }
        warnings += notes
    }

    private func restoreLink(
        _ path: RelativePath, _ record: SnapshotFile, in parent: Directory, _ warnings: inout [String]
    ) throws(ArchiveError) {
        let temporary = Directory.temporaryName()
        try parent.createLink(temporary, to: try record.linkTarget())
        do throws(ArchiveError) {
            do throws(ArchiveError) {
                try parent.at(temporary, "set the owner of") {
                    fchownat($0, $1, record.uid, record.gid, AT_SYMLINK_NOFOLLOW)
                }
            } catch {
                guard geteuid() != 0, error.underlying as? Errno == .notPermitted else { throw error }
                warnings.append(
                    "\(target.message(path)): owner \(record.uid):\(record.gid) not restored, that needs root")
            }
            try parent.rename(temporary, to: RelativePath(checked: [path.name]), replacing: true)
        } catch {
            do { try parent.remove(temporary) } catch let second {
                throw ArchiveError(error.code, "\(error.message); and then \(second.message)", underlying: error)
            }
            throw error
        }
        try parent.sync()
    }

    private func setMetadata(
        _ descriptor: FileDescriptor, _ record: SnapshotFile, _ path: RelativePath, _ warnings: inout [String]
    ) throws(ArchiveError) {
        let masked = record.mode & (record.type == .file ? 0o1777 : 0o3777)
        if masked != record.mode & 0o7777 {
            warnings.append("\(target.message(path)): setuid and setgid are not restored on the host")
        }
        do throws(ArchiveError) {
            try target.setOwner(descriptor, uid: record.uid, gid: record.gid, mode: masked, path)
        } catch {
            guard geteuid() != 0, error.underlying as? Errno == .notPermitted else { throw error }
            warnings.append("\(target.message(path)): owner \(record.uid):\(record.gid) not restored, that needs root")
            let status = try target.status(of: descriptor, path)
            try target.setOwner(descriptor, uid: status.uid, gid: status.gid, mode: masked, path)
        }
        try target.setTimes(descriptor, record.mtime, path)
    }

    private func require(
        _ status: FileStatus, _ kind: FileStatus.Kind, _ path: RelativePath
    ) throws(ArchiveError) {
        guard status.kind != kind else { return }
        throw ArchiveError(
            .refused,
            "\(target.message(path)) is a \(status.kind.name) where a \(kind.name) is to be restored; "
                + "move it away")
    }

    private func compare(_ source: RelativePath, _ record: SnapshotFile) throws(ArchiveError) {
        do throws(ArchiveError) {
            if try SnapshotFiles.digest(source, in: snapshot) != record.sha256 { throw differs(record) }
        } catch {
            if error.code == .notFound || error.code == .refused {
                throw ArchiveError(.damaged, "the snapshot is damaged: \(error.message)", underlying: error)
            }
            throw error
        }
    }

    private func differs(_ record: SnapshotFile) -> ArchiveError {
        ArchiveError(.damaged, "\(snapshot.path)/\(record.path) differs from its record in snapshot.json")
    }

    private func isEqual(
        _ path: RelativePath, _ status: FileStatus, _ record: SnapshotFile
    ) throws(ArchiveError) -> Bool {
        guard status.size == record.size, status.mode == record.mode & 0o1777, status.uid == record.uid,
            status.gid == record.gid, status.modified == record.mtime
        else { return false }
        return try SnapshotFiles.digest(path, in: target) == record.sha256
    }
}
