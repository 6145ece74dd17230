internal import Archive
internal import Containers

/// Puts one archive back into its volume: checked whole, staged, compared, swapped (rule 13); where the volume has no
/// room for a second copy, cleared and filled with the safety snapshot as the way back.
struct VolumeRestore: Sendable {
    let session: RunSession
    let volume: VolumeStream
    let source: ArchiveSource
    /// Nil for the whole volume.
    let paths: [EntryPath]?
    /// The snapshot of what was there before; nil when none was wanted.
    let safety: String?
    /// Whether the container is restarted once its files were replaced.
    let restarts: Bool

    private var place: VolumePlace { volume.place }

    /// Makes the volume equal to the archive; returns a sentence for whatever the container's tar can't put back.
    ///
    /// - Parameter checked: what a check for everything has found already; it serves again where this tar can put all
    ///   of it back.
    func run(checked: ArchiveSource.Checked) async throws -> [String] {
        let mounts = try await volume.nestedMounts()
        guard mounts.isEmpty else {
            throw RunError(
                .failed,
                "\(place): \(mounts[0]) is mounted below \(place.path) in \(place.container); unmount it or restore with --to"
            )
        }
        try session.record.begin(RunStep(.check, place, snapshot: source.snapshot))
        let properties = volume.dialect.properties
        let expected = properties == .all ? checked : try await source.check(properties, paths: paths)
        do {
            try await staged(expected)
        } catch let error as NoRoom {
            guard paths == nil, safety != nil else {
                throw RunError(
                    .failed,
                    "\(place): the volume has no room for a second copy (\(error.message)) and there is no safety "
                        + "snapshot to fall back on; make room, or restore the whole volume with a safety snapshot")
            }
            session.observer.note("\(place): no room for a second copy; clearing and filling instead")
            try await filled(expected)
        }
        guard expected.demanding > 0, volume.dialect.properties != .all else { return [] }
        return [
            "\(place): \(volume.dialect.name) in \(place.container) keeps no nanoseconds and no attributes; "
                + "\(expected.demanding) entries lost theirs (docs/archives.md)"
        ]
    }

    private func staged(_ expected: ArchiveSource.Checked) async throws {
        var places: [EntryPath]?
        if let paths { places = try await VolumeStage.places(of: paths, in: volume) }
        let stage = VolumeStage(
            volume: volume, name: TarDialect.stagePrefix + session.record.id.text, paths: places)
        let names = places.map { $0.map { String(decoding: $0.bytes, as: UTF8.self) } }
        let oldRoot = try await volume.currentRoot()
        // A part of a volume leaves the volume's own directory as it is.
        let newRoot = paths == nil ? expected.root.map { VolumeRoot($0) } : oldRoot
        @Sendable func step(_ kind: RunStep.Kind, _ root: VolumeRoot?) throws {
            try session.record.begin(
                RunStep(
                    kind, place, stage: stage.name, paths: names, snapshot: source.snapshot, root: root,
                    restart: kind == .swapIn && restarts ? true : nil))
        }
        try step(.stage, oldRoot)
        var isMoving = false
        do {
            try await stage.create()
            try await fill(stage.new)
            try step(.compare, oldRoot)
            try await compare(stage.new, expected)
            try await stage.requireMovable()
            try step(.swapOut, oldRoot)
            isMoving = true
            try await stage.swapOut()
        } catch {
            // Also when cancelled: what we made must go, and what we moved must come back.
            let wasMoving = isMoving
            try await uncancelled {
                if try await stage.isPresent() {
                    if wasMoving { try await stage.swapBack() }
                    try step(.sweep, oldRoot)
                    try await stage.remove()
                    try await volume.setRoot(oldRoot)
                }
                try session.record.begin(RunStep(.settled, place))
            }
            throw error
        }
        // From here on the shorter way is forward: all is aside, all was compared.
        try await uncancelled {
            try step(.swapIn, newRoot)
            try await stage.swapIn()
            try step(.sweep, newRoot)
            try await stage.remove()
            try await volume.setRoot(newRoot)
            try session.record.begin(RunStep(.settled, place))
        }
    }

    /// Streams the selected entries into a directory of the container, then all directories again for their times.
    private func fill(_ directory: String) async throws {
        let (source, emitter, selection) = (source, volume.dialect.emitter, EntrySelection(paths: paths))
        let progress = TransferProgress()
        session.observer.began("restore", volume: place, progress: progress, expected: source.archive.rawSize)
        defer { session.observer.ended(volume: place) }
        let directories = Box<[TarEntry]>([])
        do {
            try await volume.write(to: directory, progress: progress) { output in
                let sink = EmissionSink(output, emitter: emitter, selection: selection, progress: progress)
                try source.walk(sink)
                try sink.finish()
                directories.value = sink.directories
            }
        } catch let error as RunError where NoRoom.explains(error.message) {
            throw NoRoom(message: error.message)
        }
        let all = directories.value
        try await volume.write(to: directory, progress: TransferProgress()) { output in
            try EmissionSink.writeDirectories(all, to: output, emitter: emitter, progress: TransferProgress())
        }
    }

    /// "Restored and equal", not "tar exited 0": the tree is streamed out again and its model compared.
    private func compare(_ directory: String, _ expected: ArchiveSource.Checked) async throws {
        let properties = volume.dialect.properties
        let progress = TransferProgress()
        session.observer.began("compare", volume: place, progress: progress, expected: source.archive.rawSize)
        defer { session.observer.ended(volume: place) }
        let stall = session.cell.config.stallTimeout
        let (model, result) = try await volume.read(directory, progress: progress) { input in
            let sink = ModelSink(properties, paths: nil)
            try TarStream.read(input, sink: sink, stallTimeout: stall, progress: progress)
            return sink.model
        }
        let messages = TarMessages(result.errorText.lines, flavour: volume.dialect.flavour)
        guard result.status.isSuccess, messages.unknown.isEmpty, messages.losses.isEmpty, messages.changes.isEmpty
        else {
            throw RunError(
                .failed,
                "\(place): the restored tree could not be read back (\(result.status)): "
                    + (result.errorText.lines.first ?? "no message"))
        }
        let differences = expected.model.differences(from: model)
        guard differences.isEmpty else {
            let names = try await source.names(of: differences)
            throw RunError(
                .failed,
                "\(place): \(differences.count) entries of the restored tree differ from the archive "
                    + "(\(names.prefix(3).joined(separator: ", "))); nothing was changed")
        }
    }

    /// Clears the volume and fills it in place; on failure the safety snapshot goes back in.
    private func filled(_ expected: ArchiveSource.Checked) async throws {
        guard let safety else { return }
        try session.record.begin(
            RunStep(.fill, place, safety: safety, snapshot: source.snapshot, restart: restarts ? true : nil))
        do {
            try await clear()
            try await fill(volume.path)
            try await compare(volume.path, expected)
        } catch {
            try await uncancelled { try await Refill(session, place).run(from: safety) }
            try session.record.begin(RunStep(.settled, place))
            throw RunError(
                .failed, "\(place): filling failed (\(error)); what was there before is back, from snapshot \(safety)",
                underlying: error)
        }
        try session.record.begin(RunStep(.settled, place))
    }

    /// Removes everything in the volume, but nothing on another file system mounted there.
    func clear() async throws {
        try await volume.run(
            [
                "find", volume.path, "-xdev", "-mindepth", "1", "-maxdepth", "1", "-exec", "rm", "-rf", "--", "{}", "+",
            ], "clear \(place.path)")
    }

    /// Clears and fills without a way back: it is the way back itself.
    func refill() async throws {
        let expected = try await source.check(volume.dialect.properties, paths: nil)
        try await clear()
        try await fill(volume.path)
        try await compare(volume.path, expected)
    }
}

/// The volume's file system is full.
struct NoRoom: Error {
    let message: String

    /// GNU tar tells of a file that it could write in part only how much of its last block went in.
    static func explains(_ words: String) -> Bool {
        ["No space left on device", "Disk quota exceeded", ": Wrote only "].contains { words.contains($0) }
    }
}

/// Puts a safety snapshot's archive back into a volume that a killed or failed restore has cleared.
struct Refill: Sendable {
    private let session: RunSession
    private let place: VolumePlace

    init(_ session: RunSession, _ place: VolumePlace) {
        self.session = session
        self.place = place
    }

    func run(from safety: String) async throws {
        guard let id = SnapshotID(safety) else { throw RunError(.failed, "\(place): \(safety) is no snapshot id") }
        let store = try session.cell.store()
        let snapshot = try store.open(id, key: try session.cell.key())
        let source = try ArchiveSource(snapshot, place, acceptIncomplete: true)
        let volume = try await VolumeStream(
            place, session.runtime, stallTimeout: session.cell.config.stallTimeout)
        try await VolumeRestore(
            session: session, volume: volume, source: source, paths: nil, safety: nil, restarts: false
        ).refill()
    }
}

/// Finishes its work although the task around it is cancelled; a command in it that hangs is then ended soon.
func uncancelled<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
    let haste = Haste()
    return try await withTaskCancellationHandler {
        try await Haste.$current.withValue(haste) { try await Task { try await body() }.value }
    } onCancel: {
        haste.begin()
    }
}

/// Carries a value out of a closure that runs on another thread and has ended before it is read.
final class Box<Value: Sendable>: @unchecked Sendable {
    // Invariant behind @unchecked: written by one thread, read only after that thread's work was awaited.
    var value: Value

    init(_ value: Value) { self.value = value }
}
