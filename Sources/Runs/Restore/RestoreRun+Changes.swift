public import Archive
internal import Containers
internal import Registry

/// What a restore would change in one volume.
public struct PlannedVolume: Sendable {
    /// Which.
    public let place: VolumePlace
    /// The snapshot it would come from.
    public let snapshot: String
    /// Paths that would come back, go, or change.
    public let changes: [TreeChange]
}

/// What a restore would change altogether.
public struct PlannedRestore: Sendable {
    /// Volume by volume.
    public var volumes: [PlannedVolume] = []
    /// config_paths that would be put back.
    public var files: [String] = []
    /// What would be removed from restored config_paths.
    public var removed: [String] = []
    /// What else a person should know.
    public var notes: [String] = []
}

extension RestoreRun {
    /// Compares each archive with its volume as it is now; nothing is written, no lock is needed.
    public static func changes(_ cell: Cell, _ options: RestoreOptions) async throws -> PlannedRestore {
        let selection = try SnapshotSelection(try cell.store(), key: try cell.key(), options)
        let runtime = cell.runtime(run: RunID())
        let stall = cell.config.stallTimeout
        var plan = PlannedRestore()
        plan.notes = selection.notes
        let registry = try ServiceRegistry(loading: cell.layout)
        for choice in try selection.choices() {
            if let note = choice.note { plan.notes.append(note) }
            try SnapshotSelection.checkInstalled(choice.place, registry)
            let source = try ArchiveSource(
                choice.snapshot, choice.place, acceptIncomplete: options.acceptIncomplete)
            let volume = try await VolumeStream(choice.place, runtime, stallTimeout: stall)
            let paths = try await source.paths(options)
            try await checkOwn(choice.place, paths, cell, runtime)
            // What a restore replaces, which may be more than what was named: a directory that is gone comes back with it.
            var places: [EntryPath]?
            if let paths { places = try await VolumeStage.places(of: paths, in: volume) }
            let (chosen, replaced) = (EntrySelection(paths: paths), EntrySelection(paths: places))
            let progress = TransferProgress()
            let (present, result) = try await volume.readTree(
                leavesOut: true, progress, note: { plan.notes.append($0) }
            ) { TreeListing(replaced) }
            let messages = TarMessages(result.errorText.lines, flavour: volume.dialect.flavour)
            guard result.transportFailure == nil, messages.losses.isEmpty, messages.unknown.isEmpty else {
                throw RunError(
                    .failed,
                    "\(choice.place) can't be read whole, so it can't be compared: "
                        + ByteText.escape(
                            Array((messages.losses + messages.unknown).joined(separator: " ").utf8), limit: 240))
            }
            let properties = volume.dialect.properties
            let wanted = try await blocking {
                let comparison = TreeComparison(from: present.value, chosen, properties)
                try source.walk(comparison)
                try source.requireAll(of: paths) { comparison.contains($0) }
                return UncheckedTransfer(comparison)
            }
            plan.volumes.append(
                PlannedVolume(
                    place: choice.place, snapshot: source.snapshot,
                    // Directories above what is replaced are only the way there.
                    changes: try wanted.value.changes().filter { replaced.names($0.path) }))
        }
        for copies in options.config ? try selection.configPaths() : [] {
            let outcome = try copies.restoration(to: cell.root).plan()
            plan.files += outcome.restored.map(\.description)
            plan.removed += outcome.extra.map(\.description)
        }
        return plan
    }
}
