internal import Archive
internal import Containers

/// Puts an archive's entries below a directory of a container, and compares what stands there with them.
struct VolumeContent: Sendable {
    let session: RunSession
    /// The container in which commands run: the volume's own, or its stand-in.
    let volume: VolumeStream
    let source: ArchiveSource
    /// Nil for the whole volume.
    let paths: [EntryPath]?

    private var place: VolumePlace { volume.place }

    /// Streams the selected entries into a directory, then all directories again for their times.
    ///
    /// - Throws: ``NoRoom`` where the file system is full.
    func fill(_ directory: String) async throws {
        let (source, emitter, selection) = (source, volume.dialect.emitter, EntrySelection(paths: paths))
        let progress = TransferProgress()
        session.observer.began("restore", volume: place, progress: progress, expected: source.archive.rawSize)
        defer { session.observer.ended(volume: place) }
        let directories = Box<[TarEntry]>([])
        try await volume.write(to: directory, progress: progress) { output in
            let sink = EmissionSink(output, emitter: emitter, selection: selection, progress: progress)
            try source.walk(sink)
            try sink.finish()
            directories.value = sink.directories
        }
        let all = directories.value
        try await volume.write(to: directory, progress: TransferProgress()) { output in
            try EmissionSink.writeDirectories(all, to: output, emitter: emitter, progress: TransferProgress())
        }
    }

    /// "Restored and equal", not "tar exited 0": the tree is streamed out again and its model compared.
    ///
    /// - Returns: a sentence where all that differs is attributes, which this file system can't hold.
    /// - Throws: ``RunError`` `.failed` that says in what the trees differ.
    func compare(_ directory: String, _ expected: ArchiveSource.Checked) async throws -> [String] {
        let properties = volume.dialect.properties
        let model = try await read(directory) { ModelSink(properties, paths: nil) }.value.model
        let differences = try expected.model.differences(from: model)
        guard !differences.isEmpty else { return [] }
        let source = source
        let wanted = try await blocking {
            let listing = TreeListing(keys: differences)
            try source.walk(listing)
            return UncheckedTransfer(listing)
        }
        let found = try await read(directory) { TreeComparison(from: wanted.value, keys: differences, properties) }
        let changes = try found.value.changes()
        let names = changes.prefix(5).map { "\($0.path): \($0.difference)" }.joined(separator: "; ")
        let more = changes.count > 5 ? " and \(changes.count - 5) more" : ""
        // A change that is found now and was not before is one that goes on.
        guard !changes.isEmpty, changes.allSatisfy({ $0.kind == .changed && $0.properties == ["attributes"] }) else {
            throw RunError(
                .failed,
                "\(place): \(differences.count) entries of the restored tree differ from the archive (\(names)\(more))")
        }
        return [
            "\(place): the file system in \(place.container) does not hold the attributes of \(changes.count) entries "
                + "(\(names)\(more)); everything else is equal"
        ]
    }

    /// A path as a pattern that matches nothing else (fnmatch(3)).
    private static func literal(_ path: String) -> String {
        path.map { "*?[\\".contains($0) ? "\\\($0)" : String($0) }.joined()
    }

    private func read<Sink: HoleNotingSink>(
        _ directory: String, _ make: @escaping @Sendable () -> Sink
    ) async throws -> UncheckedTransfer<Sink> {
        let progress = TransferProgress()
        session.observer.began("compare", volume: place, progress: progress, expected: source.archive.rawSize)
        defer { session.observer.ended(volume: place) }
        let observer = session.observer
        let (sink, result) = try await volume.readTree(directory, progress, note: { observer.note($0) }, make)
        let messages = TarMessages(result.errorText.lines, flavour: volume.dialect.flavour)
        guard result.status.isSuccess, messages.unknown.isEmpty, messages.losses.isEmpty, messages.changes.isEmpty
        else {
            throw RunError(
                .failed,
                "\(place): the restored tree could not be read back (\(result.status)): "
                    + (result.errorText.lines.first ?? "no message"))
        }
        return sink
    }

    /// Removes everything in the volume but what is mounted below it and what an earlier restore could not remove.
    ///
    /// Nothing is removed with all that is below it: a file system that is mounted in between would go, too.
    func clear() async throws {
        let leftovers = "\(Self.literal(volume.path))/\(TarDialect.stagePattern)"
        try await volume.run(
            [
                "find", volume.path, "-xdev", "-mindepth", "1", "-path", leftovers, "-prune", "-o", "!", "-type", "d",
                "-exec", "rm", "-f", "--", "{}", "+",
            ], "clear \(volume.path)")
        // Without -prune, which does not go with -depth: a leftover's directories are not empty, and stay.
        _ = try await volume.attempt([
            "find", volume.path, "-xdev", "-mindepth", "1", "-depth", "-type", "d", "-exec", "rmdir", "--", "{}", "+",
        ])
        let left = try await VolumeStage.names(in: volume.path, volume).filter { !VolumeStage.isStage($0) }
        guard left.isEmpty else {
            throw RunError(
                .failed,
                "\(place): cannot clear \(volume.path) in \(volume.container): "
                    + left.prefix(3).map { ByteText.escape($0) }.joined(separator: ", ") + " stays")
        }
    }
}

extension TreeChange {
    /// In words: `differs in content, time`, `is missing`, `is not in the archive`.
    var difference: String {
        switch kind {
        case .added: "is not in the archive"
        case .removed: "is missing"
        case .changed: "differs in " + properties.joined(separator: ", ")
        }
    }
}

/// The volume's file system has no room: for bytes, for another file, or within a quota.
struct NoRoom: Error, CustomStringConvertible {
    let message: String
    var description: String { message }

    /// GNU tar tells of a file that it could write in part only how much of its last block went in.
    static func explains(_ words: String) -> Bool {
        ["No space left on device", "Disk quota exceeded", ": Wrote only "].contains { words.contains($0) }
    }
}
