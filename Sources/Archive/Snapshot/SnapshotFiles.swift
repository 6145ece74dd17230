internal import Glibc
internal import SystemPackage

/// Compares the plain files of a snapshot, below `project/` and `cell/`, with its record.
public enum SnapshotFiles {
    /// One difference between the record and what is there.
    public struct Finding: Sendable, Equatable {
        public enum Kind: String, Sendable {
            case missing, extra, differs
        }

        public let kind: Kind
        /// Relative to the snapshot, escaped.
        public let path: String
        /// One sentence that names the path.
        public let message: String
    }

    /// Re-reads every file; no finding means that all is as recorded.
    ///
    /// Throws only where looking failed (`.system`), or `.damaged` for a record that names no path.
    public static func verify(_ files: [SnapshotFile], in snapshot: Directory) throws(ArchiveError) -> [Finding] {
        var findings: [Finding] = []
        var recorded: [RelativePath: SnapshotFile] = [:]
        var implied: Set<RelativePath> = []
        for file in files {
            let path = try file.relativePath()
            if recorded.updateValue(file, forKey: path) != nil {
                findings.append(.init(kind: .differs, path: file.path, message: "\(path) is recorded twice"))
            }
            var parent = path.parent
            while let directory = parent, implied.insert(directory).inserted { parent = directory.parent }
        }
        for (path, file) in recorded.sorted(by: { $0.key < $1.key }) {
            if let finding = try check(path, file, in: snapshot) { findings.append(finding) }
        }
        var pending: [RelativePath] = ["cell", "project"]
        while let path = pending.popLast() {
            guard try snapshot.status(path)?.kind == .directory else { continue }
            for entry in try snapshot.directory(path).list() {
                let child = path.appending(entry.name)
                if recorded[child] == nil && !(entry.kind == .directory && implied.contains(child)) {
                    findings.append(
                        .init(kind: .extra, path: child.description, message: "\(child) is not in snapshot.json"))
                } else if entry.kind == .directory {
                    pending.append(child)
                }
            }
        }
        return findings
    }

    private static func check(
        _ path: RelativePath, _ file: SnapshotFile, in snapshot: Directory
    ) throws(ArchiveError) -> Finding? {
        func finding(_ kind: Finding.Kind, _ reason: String) -> Finding {
            Finding(kind: kind, path: file.path, message: "\(path) \(reason)")
        }
        let found: FileStatus?
        do throws(ArchiveError) { found = try snapshot.status(path) } catch {
            // A file or a link where one of its parents should be.
            guard error.code == .refused else { throw error }
            return finding(.missing, "is missing: \(error.message)")
        }
        if file.type == .link {
            _ = try file.linkTarget()
            return found == nil ? nil : finding(.differs, "is there, and a link is recorded, which has no copy")
        }
        guard let found else { return finding(.missing, "is missing") }
        let expected: FileStatus.Kind = file.type == .file ? .file : .directory
        guard found.kind == expected else {
            return finding(.differs, "is a \(found.kind.name) where a \(expected.name) is recorded")
        }
        guard file.type == .file else { return nil }
        if let size = file.size, size != found.size {
            return finding(.differs, "has \(found.size) bytes where \(size) are recorded")
        }
        return try digest(path, in: snapshot) == file.sha256
            ? nil : finding(.differs, "has another SHA-256 than recorded")
    }

    /// The SHA-256 of a regular file's content.
    public static func digest(_ path: RelativePath, in directory: Directory) throws(ArchiveError) -> SHA256Digest {
        let descriptor = try directory.openFile(path)
        defer { Glibc.close(descriptor.rawValue) }
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 1 << 17)
        while true {
            let count = try directory.read(descriptor, into: &buffer, path)
            if count == 0 { return hash.finish() }
            buffer.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }
}
