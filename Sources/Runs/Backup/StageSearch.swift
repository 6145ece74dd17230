internal import Archive
internal import Containers

/// Looks for staging directories that restores have left at the top of a volume.
struct StageSearch: Sendable {
    let session: RunSession

    /// One sentence where a directory may hold what the volume should: no record of its run says that the volume was
    /// settled afterwards. nil where all is known.
    func unknown(in volume: VolumeStream) async throws -> String? {
        let result = try await volume.runtime.exec(
            ContainerCommand([
                "find", volume.path, "-maxdepth", "1", "-type", "d", "-name", TarDialect.stagePattern, "-print0",
            ]), in: volume.container)
        if let failure = result.transportFailure {
            // Without find nothing was ever staged here.
            if failure.code == .commandNotStarted { return nil }
            throw failure
        }
        let names = result.output.split(separator: 0).compactMap { path in
            path.split(separator: UInt8(ascii: "/")).last.map { String(decoding: $0, as: UTF8.self) }
        }
        guard !names.isEmpty || result.status.isSuccess else {
            return "its top directory could not be searched for left-over staging directories (\(result.status)): "
                + (result.errorText.lines.first.map { ByteText.escape(Array($0.utf8)) } ?? "no message")
        }
        let unknown = try names.sorted().filter { try !isKnown($0, of: volume.place) }
        guard let first = unknown.first else { return nil }
        let run = first.dropFirst(TarDialect.stagePrefix.count)
        return
            "\(volume.place.path)/\(first)"
            + (unknown.count > 1 ? " and \(unknown.count - 1) more" : "")
            + " is left from a restore that no record of this cell says has ended; what the volume had or should have may "
            + "lie in it (old/ and new/): look there, move back what is missing, and remove it; where the run is still on "
            + "record, picjobs jobs settle \(run) does it"
    }

    private func isKnown(_ name: String, of place: VolumePlace) throws -> Bool {
        guard let id = RunID(String(name.dropFirst(TarDialect.stagePrefix.count))) else { return false }
        if id == session.record.id { return true }
        let steps: [RunStep]
        do {
            steps = try RunHistory(session.cell).steps(id)
        } catch {
            // No record, or one that can't be read: it knows nothing.
            return false
        }
        let last = steps.last { step in
            step.step.changesVolume && step.volume.map { ($0.service, $0.name) == (place.service, place.name) } ?? false
        }
        return last?.step == .settled || last?.step == .leftover
    }
}
