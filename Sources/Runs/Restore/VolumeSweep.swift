/// Removes a staging directory whose content is old; what can't be removed stays, named, for the next run.
struct VolumeSweep: Sendable {
    let place: VolumePlace
    let volume: VolumeStream
    /// Writes a step into the journal of the run that made the directory.
    let begin: @Sendable (RunStep) throws -> Void

    /// - Returns: a sentence where something can't be removed.
    /// - Throws: where the journal can't be written, or the container not be asked.
    func run(_ name: String) async throws -> [String] {
        let stage = VolumeStage(volume: volume, name: name, paths: nil)
        // What removing it does to the time of the volume's own directory is not the service's work.
        let root = try await volume.currentRoot()
        do {
            try await stage.remove()
        } catch let error as RunError {
            try begin(RunStep(.leftover, place, stage: name))
            return [
                "\(place): the old content could not be removed: \(error); it stays in \(stage.root), which is no part "
                    + "of backups; the next run tries again"
            ]
        }
        try await volume.setTime(root)
        // Behind that line no run looks for the directory again.
        try await volume.sync()
        try begin(RunStep(.settled, place))
        return []
    }
}
