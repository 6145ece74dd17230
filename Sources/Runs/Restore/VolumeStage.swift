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

    private var late: String { root + "/late" }

    /// A fresh staging directory, readable by root alone.
    func create() async throws {
        try await volume.run(["mkdir", "-m", "700", "--", root], "make the staging directory \(root)")
        try await volume.run(["mkdir", "-m", "700", "--", new, old, late], "make the staging directory \(root)")
    }

    /// What has to be swapped so that every wanted path comes back: where directories above a path are gone from the
    /// volume, the topmost of these; and no path below another one.
    ///
    /// - Throws: where something else stands in place of a directory above a path.
    static func places(of wanted: [EntryPath], in volume: VolumeStream) async throws -> [EntryPath] {
        let stage = VolumeStage(volume: volume, name: "", paths: nil)
        var places: Set<EntryPath> = []
        for path in wanted { places.insert(try await stage.topmostMissing(path)) }
        return places.filter { path in !places.contains { $0 != path && path.isWithin($0) } }
            .sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }

    private func topmostMissing(_ path: EntryPath) async throws -> EntryPath {
        guard String(validating: path.bytes, as: UTF8.self) != nil else {
            throw RunError(
                .failed,
                "\(volume.place): \(path) is no UTF-8, so it can't be restored alone; name a directory above it")
        }
        var above: [EntryPath] = []
        var parent = path.parent
        while let directory = parent, !directory.isRoot {
            above.append(directory)
            parent = directory.parent
        }
        for directory in above.reversed() {
            guard try await exists(live(directory)) else { return directory }
            try await requireDirectory(directory)
        }
        return path
    }

    /// Moves what stands in the volume into `old/`.
    func swapOut() async throws {
        guard let paths else { return try await moveEverythingAside() }
        for path in paths where try await exists(live(path)) {
            try await requireParents(of: path)
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
            try await requireParents(of: path)
            try await moveIn(new + "/" + text(path), to: live(path))
        }
    }

    /// Undoes an unfinished ``swapOut()``: nothing restored is in its place yet.
    func swapBack() async throws {
        guard let paths else {
            let purpose = "move the old content of \(volume.place.path) back"
            try await moveAll(from: old, to: volume.path, purpose)
            // What the service made meanwhile, where nothing has that name.
            try await volume.run(
                [
                    "find", late, "-mindepth", "2", "-maxdepth", "2", "-exec", "mv", "-n", "-t", volume.path, "--",
                    "{}",
                    "+",
                ], purpose)
            return
        }
        for path in paths where try await exists(old + "/" + flat(path)) {
            try await moveIn(old + "/" + flat(path), to: live(path))
        }
    }

    /// Removes the staging directory with all that is in it; no error when it is gone already.
    func remove() async throws {
        let remove = ["rm", "-rf", "--", root]
        let purpose = "remove the staging directory \(root)"
        guard volume.isUnprivileged, try await isPresent() else {
            try await volume.run(remove, purpose)
            return
        }
        // Whoever is not root can't empty a directory without write permission.
        do { try await volume.run(remove, purpose) } catch is RunError {
            try await volume.run(
                ["find", root, "-type", "d", "!", "-perm", "-700", "-exec", "chmod", "u+rwx", "--", "{}", ";"], purpose)
            try await volume.run(remove, purpose)
        }
    }

    /// True when the volume has the staging directory.
    func isPresent() async throws -> Bool { try await exists(root) }

    /// One rename for each top-level entry, in as few processes as it takes; the staging directory itself stays.
    ///
    /// A service that runs on may make and remove files meanwhile: again, for what is left, until nothing is. What still
    /// appears after that many times is its own work of now.
    private func moveEverythingAside() async throws {
        let purpose = "move the old content of \(volume.place.path) aside"
        let find = ["find", volume.path, "-mindepth", "1", "-maxdepth", "1", "!", "-name", name]
        var failure: (any Error)?
        for attempt in 0..<Self.attempts {
            // A name may come again: what is moved later never meets what was there first.
            let target = attempt == 0 ? old : late + "/\(attempt)"
            if attempt > 0 {
                try await volume.run(["mkdir", "-m", "700", "--", target], "make the staging directory \(target)")
            }
            do {
                failure = nil
                try await volume.run(find + ["-exec", "mv", "-f", "-t", target, "--", "{}", "+"], purpose)
            } catch let error as RunError {
                failure = error
            }
            if try await volume.run(find + ["-print0"], purpose).isEmpty { return }
        }
        if let failure { throw failure }
    }

    /// Moves all that a directory of the staging directory holds into the volume, whatever the service has put there.
    private func moveAll(from source: String, to target: String, _ purpose: String) async throws {
        let find = ["find", source, "-mindepth", "1", "-maxdepth", "1"]
        for attempt in 1...Self.attempts {
            do {
                try await volume.run(find + ["-exec", "mv", "-f", "-t", target, "--", "{}", "+"], purpose)
                return
            } catch let error as RunError {
                if attempt == Self.attempts { throw error }
            }
            for path in try await volume.run(find + ["-print0"], purpose).split(separator: 0) {
                try await setAside(Array(path.dropFirst(source.utf8.count + 1)))
            }
        }
    }

    private static let attempts = 20

    /// Whoever is not root can't move a directory without write permission to another place (rename(2)).
    ///
    /// - Throws: where the swap would fail in its middle because of that.
    func requireMovable() async throws {
        guard volume.isUnprivileged else { return }
        var tops = [volume.path, new].map { ["find", $0, "-mindepth", "1", "-maxdepth", "1"] }
        if let paths {
            tops = paths.flatMap { [live($0), new + "/" + text($0)] }.map { ["find", $0, "-maxdepth", "0"] }
        }
        for find in tops where try await exists(find[1]) {
            let fixed = try await volume.run(
                find + ["-type", "d", "!", "-perm", "-200", "-print"], "look at \(volume.place.path)")
            if let first = fixed.split(separator: 0x0A).first {
                throw RunError(
                    .failed,
                    "\(volume.place): only root can move the directory \(ByteText.escape(Array(first))), which is not "
                        + "writable; restore as root, or with --to DIR")
            }
        }
    }

    /// Moves one thing to its place in the volume, whatever the service has put there meanwhile.
    private func moveIn(_ source: String, to target: String) async throws {
        for _ in 1..<Self.attempts {
            do { return try await move(source, to: target) } catch is RunError {
                try await setAside(Array(target.utf8.dropFirst(volume.path.utf8.count + 1)))
            }
        }
        try await move(source, to: target)
    }

    /// What a running service made between the swap's two halves, in the way of what belongs there, goes with the rest.
    private func setAside(_ path: [UInt8]) async throws {
        guard let text = String(validating: path, as: UTF8.self), try await exists(volume.path + "/" + text) else {
            return
        }
        try await volume.run(["mkdir", "-p", "-m", "700", "--", late], "make the staging directory \(late)")
        let place = late + "/" + String(UInt64.random(in: 0...UInt64.max), radix: 16)
        try await move(volume.path + "/" + text, to: place)
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

    /// The directories above a path must be directories of the volume, not links out of it.
    private func requireParents(of path: EntryPath) async throws {
        var parent = path.parent
        while let directory = parent, !directory.isRoot {
            try await requireDirectory(directory)
            parent = directory.parent
        }
    }

    private func requireDirectory(_ directory: EntryPath) async throws {
        let output = try await volume.run(
            ["find", live(directory), "-maxdepth", "0", "-type", "d"], "look at \(live(directory))")
        guard !output.isEmpty else {
            throw RunError(
                .failed, "\(volume.place): \(directory) is no directory in the volume now; restore it whole instead")
        }
    }

    private func live(_ path: EntryPath) -> String { volume.path + "/" + text(path) }
    private func text(_ path: EntryPath) -> String { String(decoding: path.bytes, as: UTF8.self) }
    /// One name for a whole path, so that `old/` needs no directories.
    private func flat(_ path: EntryPath) -> String { SHA256.hash(path.bytes).hex }
}
