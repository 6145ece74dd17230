public import Archive

/// What a restore would change in one volume.
public struct PlannedVolume: Sendable {
    /// Which.
    public let place: VolumePlace
    /// The snapshot it would come from.
    public let snapshot: String
    /// Paths that would come back, go, or change.
    public let changes: [TreeChange]
}

extension RestoreRun {
    /// Compares each archive with its volume as it is now; nothing is written, no lock is needed.
    public static func changes(_ cell: Cell, _ options: RestoreOptions) async throws -> [PlannedVolume] {
        let selection = try SnapshotSelection(try cell.store(), key: try cell.key(), options)
        let runtime = cell.runtime(run: RunID())
        let stall = cell.config.stallTimeout
        let chosen = EntrySelection(paths: options.paths.isEmpty ? nil : options.paths)
        var volumes: [PlannedVolume] = []
        for choice in try selection.choices() {
            let source = try ArchiveSource(
                choice.snapshot, choice.place, acceptIncomplete: options.acceptIncomplete)
            let volume = try await VolumeStream(choice.place, runtime, stallTimeout: stall)
            let wanted = try await blocking {
                let listing = TreeListing(chosen)
                try source.walk(listing)
                return UncheckedTransfer(listing)
            }.value
            let progress = TransferProgress()
            let present = try await volume.read(progress: progress) { input in
                let listing = TreeListing(chosen)
                try TarStream.read(input, sink: listing, stallTimeout: stall, progress: progress)
                return UncheckedTransfer(listing)
            }.value.value
            volumes.append(
                PlannedVolume(
                    place: choice.place, snapshot: source.snapshot,
                    changes: present.changes(to: wanted, volume.dialect.properties)))
        }
        return volumes
    }
}
