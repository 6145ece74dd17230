public import Archive

/// What differs between two snapshots, volume by volume.
public struct SnapshotDiff: Sendable {
    /// One volume's differences.
    public struct Volume: Sendable {
        /// Service and archive name.
        public let volume: SnapshotVolume
        /// Why it could not be compared entry by entry; nil when it was.
        public let remark: String?
        /// In the order of the paths' bytes.
        public let changes: [TreeChange]
    }

    private let first: StoredSnapshot
    private let second: StoredSnapshot

    /// Compares `first` (older) with `second`.
    public init(_ first: StoredSnapshot, _ second: StoredSnapshot) {
        self.first = first
        self.second = second
    }

    /// Reads both archives of each volume whole; equal digests need no reading.
    public func run() async throws -> [Volume] {
        let volumes = first.document.volumes([.ok, .warnings, .incomplete]).union(
            second.document.volumes([.ok, .warnings, .incomplete]))
        var results: [Volume] = []
        for volume in volumes.sorted() {
            try Task.checkCancellation()
            do {
                results.append(try await compare(volume))
            } catch {
                if try first.isRemoved { throw first.removed }
                if try second.isRemoved { throw second.removed }
                throw error
            }
        }
        return results
    }

    private func compare(_ volume: SnapshotVolume) async throws -> Volume {
        guard let old = first.document.archive(volume), old.file != nil else {
            return Volume(volume: volume, remark: "only in \(second.id)", changes: [])
        }
        guard let new = second.document.archive(volume), new.file != nil else {
            return Volume(volume: volume, remark: "only in \(first.id)", changes: [])
        }
        if old.sha256 == new.sha256 { return Volume(volume: volume, remark: nil, changes: []) }
        let before = try await read(volume, old, first) { TreeListing() }
        let after = try await read(volume, new, second) { TreeComparison(from: before.value) }
        return Volume(volume: volume, remark: nil, changes: try after.value.changes())
    }

    private func read<Sink: HoleNotingSink>(
        _ volume: SnapshotVolume, _ archive: SnapshotArchive, _ snapshot: StoredSnapshot,
        into make: @escaping @Sendable () -> Sink
    ) async throws -> UncheckedTransfer<Sink> {
        let place = VolumePlace(
            service: volume.service, name: volume.name, container: archive.container, path: archive.path)
        let source = try ArchiveSource(snapshot, place, acceptIncomplete: true)
        return try await blocking {
            let sink = make()
            try source.walk(sink)
            return UncheckedTransfer(sink)
        }
    }
}
