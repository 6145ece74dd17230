public import Archive
internal import FoundationEssentials
internal import SystemPackage

/// A file at `<snapshot>/service_data/<service>/<name>.tar.gz`, with what the `snapshot.json` beside it records.
///
/// The record is not authenticated here (no cell, no key): it protects against damage, not against its author.
public struct RecordedArchive: Sendable {
    private let archive: SnapshotArchive
    private let file: String

    /// Looks for a record; nil where the file is in no snapshot or the snapshot does not name it.
    ///
    /// - Throws: `ArchiveError` where there is a `snapshot.json` that can't be read.
    public static func find(_ file: String) throws -> RecordedArchive? {
        // A name in the working directory has its snapshot above that.
        let given = FilePath(file)
        let base = FilePath(FileManager.default.currentDirectoryPath)
        let path = (given.isAbsolute ? given : base.pushing(given)).lexicallyNormalized()
        var root = path
        var below: [String] = []
        for _ in 0..<3 {
            guard let component = root.lastComponent, component.kind == .regular else { return nil }
            below.insert(component.string, at: 0)
            root.removeLastComponent()
        }
        guard below.first == "service_data" else { return nil }
        // `latest` is a link to a snapshot beside it.
        if root.lastComponent?.string == "latest",
            let link = try? FileManager.default.destinationOfSymbolicLink(
                atPath: root.string), let name = SnapshotID(link)
        {
            root = root.removingLastComponent().appending("\(name)")
        }
        guard let directory = try? Directory(opening: root.isEmpty ? "." : root),
            try directory.status("snapshot.json") != nil
        else { return nil }
        let document = try SnapshotDocument(
            parsing: try directory.readFile("snapshot.json", limit: SnapshotDocument.byteLimit))
        let name = below.joined(separator: "/")
        let archives = document.services.flatMap(\.archives)
        return archives.first { $0.file == name }.map { RecordedArchive(archive: $0, file: file) }
    }

    /// The recorded totals, which nothing may exceed.
    public var limits: ArchiveLimits { archive.limits }

    /// Holds what was read to the record.
    ///
    /// - Throws: `.refused` with `record.digest`, `record.size` or `record.entries`.
    public func compare(_ summary: ArchiveFile.Summary) throws(ArchiveError) {
        try archive.compare(summary, file: file)
    }
}

extension SnapshotArchive {
    /// The recorded totals, which nothing may exceed.
    var limits: ArchiveLimits {
        .recorded(entries: entries ?? 0, streamBytes: rawSize ?? 0, contentBytes: totals?.contentBytes ?? 0)
    }

    /// Holds what was read of `file` to this record.
    func compare(_ summary: ArchiveFile.Summary, file: String) throws(ArchiveError) {
        func refuse(_ rule: Rule, _ what: String) -> ArchiveError {
            let violation = Violation(rule, at: 0, "\(file): \(what) in snapshot.json")
            return ArchiveError(.refused, "\(violation)", violation: violation)
        }
        guard summary.digest == sha256 else {
            throw refuse(.recordDigest, "the file's SHA-256 is not the one recorded")
        }
        guard summary.bytes == size, summary.rawBytes == rawSize else {
            throw refuse(.recordSize, "the file's size is not the one recorded")
        }
        guard summary.totals.entries == entries, totals?.matches(summary.totals) ?? false else {
            throw refuse(.recordEntries, "its entries are not those recorded")
        }
    }
}
