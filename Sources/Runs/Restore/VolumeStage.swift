internal import Archive
internal import Containers

/// The staging directory `.picjobs-<run>` in a volume, and the renames that put its content in place (rule 13).
///
/// `new/` holds what was restored, `old/` what it replaces, `late/` what stood in the way of either because a process
/// made it in between. Every step can be repeated: recovery runs the same code.
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

    /// Whether a name at the top of a volume is that of a staging directory, whichever run's.
    static func isStage(_ name: [UInt8]) -> Bool {
        let prefix = Array(TarDialect.stagePrefix.utf8)
        return name.starts(with: prefix) && RunID(String(decoding: name.dropFirst(prefix.count), as: UTF8.self)) != nil
    }

    /// A fresh staging directory, readable by root alone.
    /// - Throws: ``NoRoom`` where the file system has none for it.
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
        return places.filter { path in !path.ancestors.contains { places.contains($0) } }
            .sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }

    private func topmostMissing(_ path: EntryPath) async throws -> EntryPath {
        guard String(validating: path.bytes, as: UTF8.self) != nil else {
            throw RunError(
                .failed,
                "\(volume.place): \(path) is no UTF-8, so it can't be restored alone; name a directory above it")
        }
        for directory in path.ancestors.reversed() {
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
            try await moveAll(from: new, "move the restored content of \(volume.place.path) in place")
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
            try await moveAll(from: old, purpose)
            // What was moved later than the rest, where nothing has that name.
            if try await exists(late) {
                try await volume.run(
                    ["find", late, "-mindepth", "2", "-maxdepth", "2"] + Self.mover("-n", to: volume.path), purpose)
            }
            return
        }
        for path in paths where try await exists(old + "/" + flat(path)) {
            try await moveIn(old + "/" + flat(path), to: live(path))
        }
    }

    /// What a process made between the two halves of the swap stays in the volume, beside what was restored.
    /// - Returns: the directory that holds it; nil where there was nothing.
    func keepLate() async throws -> String? {
        guard try await exists(late),
            try await !volume.run(["find", late, "-mindepth", "2", "-maxdepth", "2", "-print0"], "look at \(late)")
                .isEmpty
        else { return nil }
        let kept = volume.path + "/" + TarDialect.keptPrefix + name.dropFirst(TarDialect.stagePrefix.count)
        try await move(late, to: kept)
        return kept
    }

    /// Removes the staging directory with all that is in it; no error when it is gone already.
    func remove() async throws {
        let remove = ["rm", "-rf", "--", root]
        let purpose = "remove the staging directory \(root)"
        guard volume.isUnprivileged, try await isPresent() else {
            try await volume.run(remove, purpose)
            return
        }
        // Only root can empty a directory without write permission.
        do { try await volume.run(remove, purpose) } catch is RunError {
            try await volume.run(
                ["find", root, "-type", "d", "!", "-perm", "-700", "-exec", "chmod", "u+rwx", "--", "{}", ";"], purpose)
            try await volume.run(remove, purpose)
        }
    }

    /// True when the volume has the staging directory.
    func isPresent() async throws -> Bool { try await exists(root) }

    /// The names at the top of a directory of the container, each as bytes.
    static func names(in directory: String, _ volume: VolumeStream) async throws -> [[UInt8]] {
        try await volume.run(
            ["find", directory, "-mindepth", "1", "-maxdepth", "1", "-print0"], "look at \(directory)"
        ).split(separator: 0).map { Array($0.dropFirst(directory.utf8.count + 1)) }
    }

    /// Whether all that was to be moved in stands in the volume.
    ///
    /// - Parameters:
    ///   - names: what `new/` held before the swap; nil where that is not known any more.
    ///   - alone: nothing else may stand there.
    /// - Throws: ``RunError`` `.failed`.
    func checkSwap(_ names: Set<[UInt8]>?, alone: Bool) async throws {
        guard paths == nil else { return }
        let left = try await Self.names(in: new, volume)
        let standing = Set(try await Self.names(in: volume.path, volume).filter { !Self.isStage($0) })
        let missing = left + (names ?? []).subtracting(standing)
        let foreign = alone ? standing.subtracting(names ?? standing) : []
        guard missing.isEmpty, foreign.isEmpty else {
            let first = (missing + Array(foreign)).prefix(3).map { ByteText.escape($0) }.joined(separator: ", ")
            throw RunError(
                .failed,
                "\(volume.place): after the swap \(missing.count) of the restored names are not in \(volume.path), and "
                    + "\(foreign.count) others are (\(first)); what was there before is in \(old)")
        }
    }

    /// One rename for each top-level entry, in as few processes as it takes; staging directories stay.
    ///
    /// A service that runs on may make and remove files meanwhile: again, for what is left, until nothing is. What still
    /// appears after that many times is its own work of now.
    private func moveEverythingAside() async throws {
        let purpose = "move the old content of \(volume.place.path) aside"
        let find = ["find", volume.path, "-mindepth", "1", "-maxdepth", "1", "!", "-name", TarDialect.stagePattern]
        var failure: (any Error)?
        for attempt in 0..<Self.attempts {
            // A name may come again: what is moved later never meets what was there first.
            let target = attempt == 0 ? old : late + "/\(attempt)"
            if attempt > 0 {
                try await volume.run(
                    ["mkdir", "-p", "-m", "700", "--", target], "make the staging directory \(target)")
            }
            do {
                failure = nil
                try await volume.run(find + Self.mover("-f", to: target), purpose)
            } catch let error as RunError {
                failure = error
            }
            if try await volume.run(find + ["-print0"], purpose).isEmpty { return }
        }
        if let failure { throw failure }
    }

    /// Moves all that a directory of the staging directory holds into the volume, whatever a process has put there.
    private func moveAll(from source: String, _ purpose: String) async throws {
        let find = ["find", source, "-mindepth", "1", "-maxdepth", "1"]
        for attempt in 1...Self.attempts {
            let names = try await Self.names(in: source, volume)
            guard !names.isEmpty else { return }
            let standing = Set(try await Self.names(in: volume.path, volume))
            for name in names where standing.contains(name) { try await setAside(name) }
            do {
                try await volume.run(find + Self.mover("-f", to: volume.path), purpose)
            } catch let error as RunError {
                if attempt == Self.attempts { throw error }
            }
        }
    }

    private static let attempts = 20

    /// Behind `find …`: moves what was found into a directory. `mv -t` came to busybox only with 1.34, so a shell puts
    /// the directory where every mv takes it.
    private static func mover(_ option: String, to directory: String) -> [String] {
        ["-exec", "sh", "-c", "d=$1; shift; exec mv \(option) -- \"$@\" \"$d\"/", "sh", directory, "{}", "+"]
    }

    /// Only root can move a directory without write permission to another place (rename(2)).
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

    /// Moves one thing to its place in the volume, whatever a process has put there meanwhile.
    private func moveIn(_ source: String, to target: String) async throws {
        for attempt in 1...Self.attempts {
            try await setAside(Array(target.utf8.dropFirst(volume.path.utf8.count + 1)))
            do { return try await move(source, to: target) } catch let error as RunError {
                if attempt == Self.attempts { throw error }
            }
        }
    }

    /// What a process made between the swap's two halves, in the way of what belongs there, is kept under its name.
    private func setAside(_ path: [UInt8]) async throws {
        let quoted = String(decoding: path, as: UTF8.self)
        guard Array(quoted.utf8) == path else {
            // Such a name can't be an argument: find knows it by all others.
            throw RunError(
                .failed,
                "\(volume.place): \(ByteText.escape(path)) was made in \(volume.path) in between; move it away")
        }
        guard try await exists(volume.path + "/" + quoted) else { return }
        let place = late + "/" + String(UInt64.random(in: 0...UInt64.max), radix: 16)
        try await volume.run(["mkdir", "-p", "-m", "700", "--", place], "make the staging directory \(place)")
        let name = quoted.split(separator: "/").last.map(String.init) ?? quoted
        try await move(volume.path + "/" + quoted, to: place + "/" + name)
    }

    /// Nothing must stand at the target: without `-T`, which old versions of busybox lack, a directory there would take
    /// the thing in.
    private func move(_ source: String, to target: String) async throws {
        guard try await !exists(target) else {
            throw RunError(.failed, "\(volume.place): cannot move \(source): \(target) is there")
        }
        try await volume.run(["mv", "-f", "--", source, target], "move \(source) to \(target)")
    }

    /// `find` names a path that exists, whatever it is, and fails for one that does not.
    private func exists(_ path: String) async throws -> Bool {
        try await volume.attempt(["find", path, "-maxdepth", "0"])
    }

    /// The directories above a path must be directories of the volume, not links out of it.
    private func requireParents(of path: EntryPath) async throws {
        for directory in path.ancestors { try await requireDirectory(directory) }
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

extension EntryPath {
    /// The directories above it, the nearest first, without the root.
    fileprivate var ancestors: [EntryPath] {
        var above: [EntryPath] = []
        var next = parent
        while let directory = next, !directory.isRoot {
            above.append(directory)
            next = directory.parent
        }
        return above
    }
}
