internal import Archive
internal import Containers

/// Puts one archive back into its volume (rule 13): staged and compared beside what is there, then swapped by renames;
/// where the volume has no room for a second copy, cleared and filled with the safety snapshot as the way back.
///
/// ``prepare(in:)`` leaves the volume as it is, and may run while the service runs. ``replace(in:isQuiet:safety:)`` is
/// short. ``sweep(in:)`` removes the old content, once the service runs on the new one.
struct VolumeRestore: Sendable {
    let session: RunSession
    let place: VolumePlace
    let source: ArchiveSource
    /// Nil for the whole volume.
    let paths: [EntryPath]?
    /// Whether attributes that the file system can't hold are a failure.
    let isStrict: Bool
    /// Whether there is a safety snapshot of what is there.
    let hasSafety: Bool
    /// Writes a step into the journal of the run whose restore this is.
    let begin: @Sendable (RunStep) throws -> Void

    /// What was staged, and how the volume's own directory is to be.
    struct Staged: Sendable {
        let stage: String
        let paths: [EntryPath]?
        let oldRoot: VolumeRoot?
        let newRoot: VolumeRoot?
    }

    /// A volume that is ready to be changed.
    struct Prepared: Sendable {
        let expected: ArchiveSource.Checked
        /// Nil where there is no room for it: the volume is to be cleared and filled.
        let staged: Staged?
        var warnings: [String]
    }

    private func content(_ volume: VolumeStream) -> VolumeContent {
        VolumeContent(session: session, volume: volume, source: source, paths: paths)
    }

    /// Checks the archive, stages it in the volume, compares, and sees to it that all of it is on its medium.
    ///
    /// - Parameter checked: what a check for everything has found already; it serves again where this tar can put all
    ///   of it back.
    /// - Throws: with nothing changed in the volume.
    func prepare(_ checked: ArchiveSource.Checked, in volume: VolumeStream) async throws -> Prepared {
        try await refuseMounts(volume)
        try begin(RunStep(.check, place, snapshot: source.snapshot))
        let properties = volume.dialect.properties
        let expected = properties == .all ? checked : try await source.check(properties, paths: paths)
        var prepared = Prepared(expected: expected, staged: nil, warnings: [])
        if expected.demanding > 0, properties != .all {
            prepared.warnings.append(
                "\(place): \(volume.dialect.name) in \(place.container) keeps no nanoseconds and no attributes; "
                    + "\(expected.demanding) entries lost theirs (docs/archives.md)")
        }
        try volume.requireRoom(for: expected.holes)
        do {
            let (staged, warnings) = try await stage(expected, in: volume)
            prepared.warnings += warnings
            return Prepared(expected: expected, staged: staged, warnings: prepared.warnings)
        } catch let error as NoRoom {
            // What this tar writes out as zeros may not have fit before, either: nothing is cleared for it.
            guard paths == nil, hasSafety, volume.dialect.emitter.keepsHoles || expected.holes.bytes == 0 else {
                throw RunError(
                    .failed,
                    "\(place): the volume has no room for a second copy (\(error.message)) and there is no safety "
                        + "snapshot to fall back on; make room, or restore the whole volume with a safety snapshot")
            }
            session.observer.note("\(place): no room for a second copy; clearing and filling instead")
            return prepared
        }
    }

    /// What is mounted in the volume can't be moved, and is not the volume's.
    private func refuseMounts(_ volume: VolumeStream) async throws {
        for mount in try await volume.nestedMounts() {
            let inside = Array(mount.utf8.dropFirst(volume.place.path.utf8.count + 1))
            if let paths, let mounted = try? EntryPath(archiveName: inside),
                !paths.contains(where: { mounted.isWithin($0) || $0.isWithin(mounted) })
            {
                continue
            }
            throw RunError(
                .failed,
                "\(place): \(mount) is mounted below \(place.path) in \(place.container); unmount it or restore with --to"
            )
        }
    }

    private func step(_ kind: RunStep.Kind, _ staged: Staged, _ root: VolumeRoot?) throws {
        let names = staged.paths.map { $0.map { String(decoding: $0.bytes, as: UTF8.self) } }
        try begin(
            RunStep(kind, place, stage: staged.stage, paths: names, snapshot: source.snapshot, root: root))
    }

    private func stage(
        _ expected: ArchiveSource.Checked, in volume: VolumeStream
    ) async throws -> (Staged, warnings: [String]) {
        var places: [EntryPath]?
        if let paths { places = try await VolumeStage.places(of: paths, in: volume) }
        let oldRoot = try await volume.currentRoot()
        let staged = Staged(
            stage: TarDialect.stagePrefix + session.record.id.text, paths: places, oldRoot: oldRoot,
            // A part of a volume leaves the volume's own directory as it is.
            newRoot: paths == nil ? expected.root.map { VolumeRoot($0) } : oldRoot)
        let stage = VolumeStage(volume: volume, name: staged.stage, paths: places)
        try step(.stage, staged, oldRoot)
        do {
            try await stage.create()
            try await content(volume).fill(stage.new)
            try step(.compare, staged, oldRoot)
            let warnings = try await content(volume).compare(stage.new, expected)
            if isStrict, let first = warnings.first { throw RunError(.failed, first) }
            try await stage.requireMovable()
            try await volume.sync()
            return (staged, warnings)
        } catch {
            // Also when cancelled: what we made must go.
            try await discard(staged, in: volume)
            throw error
        }
    }

    /// Removes what was staged; the volume is as it was.
    func discard(_ staged: Staged, in volume: VolumeStream) async throws {
        try await uncancelled {
            let stage = VolumeStage(volume: volume, name: staged.stage, paths: staged.paths)
            try step(.sweep, staged, staged.oldRoot)
            if try await stage.isPresent() {
                try await stage.remove()
                try await volume.setTime(staged.oldRoot)
                try await volume.sync()
            }
            try begin(RunStep(.settled, place))
        }
    }

    /// Gives the volume its new content.
    ///
    /// - Parameters:
    ///   - isQuiet: nothing that writes to the volume runs.
    ///   - safety: makes a snapshot of the volume as it is now, where it has to be cleared.
    /// - Returns: sentences about what was kept.
    /// - Throws: with the old content in its place, unless the message says otherwise.
    func replace(
        with prepared: Prepared, in volume: VolumeStream, isQuiet: Bool,
        safety: @escaping @Sendable () async throws -> String
    ) async throws -> [String] {
        guard let staged = prepared.staged else {
            return try await clearAndFill(prepared.expected, in: volume, safety: try await safety())
        }
        return try await uncancelled { try await swap(staged, in: volume, isQuiet: isQuiet) }
    }

    private func swap(_ staged: Staged, in volume: VolumeStream, isQuiet: Bool) async throws -> [String] {
        let stage = VolumeStage(volume: volume, name: staged.stage, paths: staged.paths)
        let names = staged.paths == nil ? Set(try await VolumeStage.names(in: stage.new, volume)) : nil
        try step(.swapOut, staged, staged.oldRoot)
        do {
            try await stage.swapOut()
            // A journal that says more than the volume's own medium would have old names taken for new ones.
            try await volume.sync()
            // From here on the shorter way is forward: all is aside, all was compared.
            try step(.swapIn, staged, staged.newRoot)
        } catch {
            try await stage.swapBack()
            try await volume.setTime(staged.oldRoot)
            try await volume.sync()
            try step(.sweep, staged, staged.oldRoot)
            throw error
        }
        try await stage.swapIn()
        try await stage.checkSwap(names, alone: isQuiet)
        let kept = try await stage.keepLate()
        if staged.paths == nil {
            try await volume.setRoot(staged.newRoot)
        } else {
            try await volume.setTime(staged.newRoot)
        }
        try await volume.sync()
        try step(.sweep, staged, staged.newRoot)
        return kept.map { [Self.keptNote(place, $0)] } ?? []
    }

    static func keptNote(_ place: VolumePlace, _ kept: String) -> String {
        "\(place): what was written while the restore was in between is in \(kept) in \(place.container)"
    }

    /// Removes the old content; the service may run on the new one already.
    ///
    /// - Returns: a sentence where something of it can't be removed.
    func sweep(_ staged: Staged, in volume: VolumeStream) async throws -> [String] {
        try await VolumeSweep(place: place, volume: volume, begin: begin).run(staged.stage)
    }

    /// Clears the volume and fills it in place; on failure the safety snapshot goes back in.
    private func clearAndFill(
        _ expected: ArchiveSource.Checked, in volume: VolumeStream, safety: String
    ) async throws -> [String] {
        try begin(RunStep(.fill, place, safety: safety, snapshot: source.snapshot))
        do {
            let content = content(volume)
            try await content.clear()
            try await content.fill(volume.path)
            let warnings = try await content.compare(volume.path, expected)
            if isStrict, let first = warnings.first { throw RunError(.failed, first) }
            try await volume.sync()
            try begin(RunStep(.settled, place))
            return warnings
        } catch {
            try await uncancelled {
                try await Refill(session, place).run(from: safety, in: volume)
                try begin(RunStep(.settled, place))
            }
            throw RunError(
                .failed, "\(place): filling failed (\(error)); what was there before is back, from snapshot \(safety)",
                underlying: error)
        }
    }
}
