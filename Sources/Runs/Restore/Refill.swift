internal import Archive

/// Puts a safety snapshot's archive back into a volume that a killed or failed restore has cleared.
struct Refill: Sendable {
    private let session: RunSession
    private let place: VolumePlace

    init(_ session: RunSession, _ place: VolumePlace) {
        self.session = session
        self.place = place
    }

    func run(from safety: String, in volume: VolumeStream) async throws {
        guard let id = SnapshotID(safety) else { throw RunError(.failed, "\(place): \(safety) is no snapshot id") }
        let store = try session.cell.store()
        let snapshot = try store.open(id, key: try session.cell.key())
        let source = try ArchiveSource(snapshot, place, acceptIncomplete: true)
        let expected = try await source.check(volume.dialect.properties, paths: nil)
        let content = VolumeContent(session: session, volume: volume, source: source, paths: nil)
        try await content.clear()
        try await content.fill(volume.path)
        _ = try await content.compare(volume.path, expected)
        try await volume.sync()
    }
}
