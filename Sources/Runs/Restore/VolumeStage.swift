internal import Archive
internal import Containers

/// The staging directory `.picjobs-<run>` in a volume, and the renames that put its content in place (rule 13).
///
/// `new/` holds what was restored, `old/` what it replaces. Every step can be repeated: recovery runs the same code.
struct VolumeStage: Sendable {
    let volume: VolumeStream
    /// The staging directory's name.
    let name: String
    /// Only these paths are swapped; nil for the whole volume.
    let paths: [EntryPath]?

    var root: String { volume.path + "/" + name }
    var new: String { root + "/new" }
    var old: String { root + "/old" }

    /// A fresh staging directory, readable by root alone.
    func create() async throws {
        try await volume.run(["mkdir", "-m", "700", "--", root], "make the staging directory \(root)")
        try await volume.run(["mkdir", "-m", "700", "--", new, old], "make the staging directory \(root)")
    }

    /// Moves what stands in the volume into `old/`.
    func swapOut() async throws {
        guard let paths else {
            try await moveAll(from: volume.path, to: old, "move the old content of \(volume.place.path) aside")
            return
        }
        // All of them before the first is moved: what is refused here has changed nothing.
        for path in paths { _ = try await topmostMissing(of: path) }
        for path in paths where try await exists(live(path)) {
            try await move(live(path), to: old + "/" + flat(path))
        }
    }

    /// Moves what was restored into its place.
    func swapIn() async throws {
        guard let paths else {
            try await moveAll(from: new, to: volume.path, "move the restored content of \(volume.place.path) in place")
            return
        }
        for path in paths where try await exists(new + "/" + text(path)) {
            // Where directories above it are gone, the topmost comes whole: it holds only what is wanted.
            let top = try await topmostMissing(of: path)
            try await move(new + "/" + text(top), to: live(top))
        }
    }

    /// Undoes an unfinished ``swapOut()``: nothing restored is in its place yet.
    func swapBack() async throws {
        guard let paths else {
            try await moveAll(from: old, to: volume.path, "move the old content of \(volume.place.path) back")
            return
        }
        // Backwards: a path may lie below one that was moved after it.
        for path in paths.reversed() where try await exists(old + "/" + flat(path)) {
            try await move(old + "/" + flat(path), to: live(path))
        }
    }

    /// Removes the staging directory with all that is in it; no error when it is gone already.
    func remove() async throws {
        try await volume.run(["rm", "-rf", "--", root], "remove the staging directory \(root)")
    }

    /// True when the volume has the staging directory.
    func isPresent() async throws -> Bool { try await exists(root) }

    /// One rename for each top-level entry, in as few processes as it takes; nothing of ours is moved.
    private func moveAll(from source: String, to target: String, _ purpose: String) async throws {
        let find = [
            "find", source, "-mindepth", "1", "-maxdepth", "1", "!", "-name", TarDialect.stagePrefix + "*",
        ]
        // A service that runs on may make a file meanwhile: again, until nothing is left.
        for _ in 0..<10 {
            try await volume.run(find + ["-exec", "mv", "-f", "-t", target, "--", "{}", "+"], purpose)
            if try await volume.run(find + ["-print0"], purpose).isEmpty { return }
        }
        throw RunError(.failed, "\(volume.place): cannot \(purpose): new files keep appearing; stop the service's work")
    }

    private func move(_ source: String, to target: String) async throws {
        try await volume.run(["mv", "-f", "-T", "--", source, target], "move \(source) to \(target)")
    }

    /// `find` names a path that exists, whatever it is, and fails for one that does not.
    private func exists(_ path: String) async throws -> Bool {
        let result = try await volume.runtime.exec(
            ContainerCommand(["find", path, "-maxdepth", "0"]), in: volume.container)
        if let failure = result.transportFailure { throw failure }
        return result.status.isSuccess
    }

    /// The first directory above a path that the volume lacks, or the path itself. Those it has must be directories,
    /// not links out of it.
    private func topmostMissing(of path: EntryPath) async throws -> EntryPath {
        var parents: [EntryPath] = []
        var parent = path.parent
        while let directory = parent, !directory.isRoot {
            parents.append(directory)
            parent = directory.parent
        }
        for directory in parents.reversed() {
            guard try await exists(live(directory)) else { return directory }
            let output = try await volume.run(
                ["find", live(directory), "-maxdepth", "0", "-type", "d"], "look at \(live(directory))")
            guard !output.isEmpty else {
                throw RunError(
                    .failed, "\(volume.place): \(directory) is no directory in the volume now; restore it whole instead")
            }
        }
        return path
    }

    private func live(_ path: EntryPath) -> String { volume.path + "/" + text(path) }
    private func text(_ path: EntryPath) -> String { String(decoding: path.bytes, as: UTF8.self) }
    /// One name for a whole path, so that `old/` needs no directories.
    private func flat(_ path: EntryPath) -> String { SHA256.hash(path.bytes).hex }
}
