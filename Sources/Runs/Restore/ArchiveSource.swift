internal import Archive
internal import SystemPackage

/// A recorded archive of a snapshot, opened once: what is checked is what is restored.
struct ArchiveSource: Sendable {
    /// What the first pass found.
    struct Checked: Sendable {
        let model: ModelDigest
        /// The archived directory's own entry.
        let root: TarEntry?
        /// Entries that not every tar can put back whole.
        let demanding: UInt64
        /// Entries that are wanted for their own sake.
        let named: UInt64
        /// What of it is holes.
        let holes: Holes
    }

    let archive: SnapshotArchive
    let snapshot: String
    private let place: VolumePlace
    private let file: ArchiveFile

    /// - Throws: ``RunError`` `.refused` for an archive that must not be restored without being told so.
    init(_ snapshot: StoredSnapshot, _ place: VolumePlace, acceptIncomplete: Bool) throws {
        self.place = place
        self.snapshot = snapshot.id.description
        guard let archive = snapshot.document.archive(SnapshotVolume(service: place.service, name: place.name)),
            archive.file != nil
        else { throw RunError(.failed, "snapshot \(snapshot.id) has no archive of \(place)") }
        guard archive.isUsable || (acceptIncomplete && archive.verdict == .incomplete) else {
            throw RunError(
                .refused,
                "the archive of \(place) in snapshot \(snapshot.id) is \(archive.verdict.rawValue) "
                    + "(\(archive.error ?? "no reason recorded")); take an older one, or restore it with --accept-incomplete"
            )
        }
        self.archive = archive
        do throws(ArchiveError) {
            // Through no link: a medium may be anybody's.
            let path = ArchivePlaces(place).archive
            file = ArchiveFile(
                adopting: try snapshot.directory.openFile(path), path: snapshot.path + "/" + path.description)
        } catch {
            if try snapshot.isRemoved { throw snapshot.removed }
            // A call that failed for a reason of its own says nothing about the archive.
            let code: RunError.Code = error.underlying is Errno && error.code != .notFound ? .failed : .damaged
            throw RunError(
                code, "snapshot \(snapshot.id) records an archive of \(place), but: \(error.message)",
                underlying: error)
        }
    }

    /// The recorded totals, which nothing may exceed.
    var limits: ArchiveLimits { archive.limits }

    /// The first pass: reads everything, writes nothing, compares with the record.
    ///
    /// - Throws: `ArchiveError` `.refused` with the broken rule.
    func check(_ properties: RestorableProperties, paths: [EntryPath]?) async throws -> Checked {
        let progress = TransferProgress()
        return try await withTaskCancellationHandler {
            try await blocking {
                let sink = ModelSink(properties, paths: paths)
                try located { () throws(ArchiveError) in
                    try compare(try file.walk(limits: limits, sink: sink, progress: progress))
                }
                try requireAll(of: paths) { sink.found.contains($0) }
                return Checked(
                    model: sink.model, root: sink.root, demanding: sink.demanding, named: sink.named, holes: sink.holes)
            }
        } onCancel: {
            progress.cancel()
        }
    }

    /// - Throws: ``RunError`` `.failed` that names the first path which the archive does not have.
    func requireAll(of paths: [EntryPath]?, where isThere: (EntryPath) -> Bool) throws {
        guard let missing = paths?.first(where: { !isThere($0) }) else { return }
        throw RunError(.failed, "snapshot \(snapshot) of \(place) has no path \"\(missing)\"")
    }

    /// What the words of `--path` mean in this archive: relative to the volume or absolute in its container, wildcards
    /// replaced by all that they name. nil for the whole volume.
    ///
    /// - Throws: ``RunError`` `.usage` for a word that is no path of the volume, `.failed` for one that names nothing.
    func paths(_ options: RestoreOptions) async throws -> [EntryPath]? {
        var paths = options.paths
        var patterns: [(word: String, literal: EntryPath?, pattern: PathPattern)] = []
        for word in options.words {
            let bytes = try relative(word)
            let literal = try? EntryPath(archiveName: bytes)
            if PathPattern.isPattern(bytes) {
                guard let pattern = PathPattern(bytes) else {
                    throw RunError(.usage, "--path \(word) is no path below the volume")
                }
                patterns.append((word, literal, pattern))
            } else if let literal, !literal.isRoot {
                paths.append(literal)
            } else {
                throw RunError(.usage, "--path \(word) is no path below the volume")
            }
        }
        guard patterns.count <= Self.patternLimit else {
            throw RunError(
                .usage, "--path: \(patterns.count) words with wildcards; more than \(Self.patternLimit) are not taken")
        }
        if !patterns.isEmpty {
            let wanted = patterns
            let progress = TransferProgress()
            let found = try await withTaskCancellationHandler {
                try await blocking {
                    let sink = PatternSink(wanted.map { ($0.literal, $0.pattern) })
                    try located { () throws(ArchiveError) in
                        try compare(try file.walk(limits: limits, sink: sink, progress: progress))
                    }
                    return sink.found
                }
            } onCancel: {
                progress.cancel()
            }
            for (each, found) in zip(patterns, found) {
                if found.isEmpty {
                    throw RunError(.failed, "snapshot \(snapshot) of \(place) has no path that \"\(each.word)\" names")
                }
                paths += found
            }
        }
        return paths.isEmpty ? nil : paths
    }

    private static let patternLimit = 100

    private func relative(_ word: String) throws -> [UInt8] {
        let bytes = Array(word.utf8)
        guard bytes.first == UInt8(ascii: "/") else { return bytes }
        let base = Array(place.path.utf8).split(separator: UInt8(ascii: "/"))
        let parts = bytes.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
        guard parts.count > base.count, zip(base, parts).allSatisfy({ $0.elementsEqual($1) }) else {
            throw RunError(
                .usage, "--path \(word) is not below \(place.path), where \(place) lies in \(place.container)")
        }
        return Array(parts.dropFirst(base.count).joined(separator: [UInt8(ascii: "/")]))
    }

    /// A further pass over the same open file; compared with the record once more, for the medium may be hostile.
    ///
    /// Counts on a progress of its own: the sink's transfer is what is shown.
    func walk(_ sink: any TarSink) throws {
        try compare(try file.walk(limits: limits, sink: sink))
    }

    /// Reads everything and compares it with the record.
    func verify(_ progress: TransferProgress) throws {
        try compare(try file.walk(limits: limits, progress: progress))
    }

    /// Extracts onto the host.
    func extract(_ extractor: HostExtractor, to target: String, progress: TransferProgress) throws -> [String] {
        try extractor.extract(file, to: FilePath(target), progress: progress) { summary throws(ArchiveError) in
            try compare(summary)
        }.warnings
    }

    /// The names behind some of a model's keys, at most ten.
    func names(of keys: Set<UInt128>) async throws -> [String] {
        try await blocking {
            let sink = NameSink(keys)
            try file.walk(limits: limits, sink: sink)
            return sink.names
        }
    }

    /// A refusal of a recorded archive says which one it is.
    private func located(_ body: () throws(ArchiveError) -> Void) throws(ArchiveError) {
        do throws(ArchiveError) {
            try body()
        } catch {
            guard error.violation != nil else { throw error }
            throw ArchiveError(
                error.code, "the archive of \(place) in snapshot \(snapshot): \(error.message)",
                violation: error.violation, underlying: error)
        }
    }

    private func compare(_ summary: ArchiveFile.Summary) throws(ArchiveError) {
        try archive.compare(summary, file: file.path)
    }
}

/// Finds names by their keys.
private final class NameSink: TarSink {
    private let keys: Set<UInt128>
    private(set) var names: [String] = []

    init(_ keys: Set<UInt128>) { self.keys = keys }

    func begin(_ entry: TarEntry) throws(ArchiveError) {
        if names.count < 10, keys.contains(ModelDigest.key(entry.path)) { names.append(entry.path.description) }
    }

    func content(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(ArchiveError) {}
    func end(_ entry: TarEntry, digest: SHA256Digest?) throws(ArchiveError) {}
}
