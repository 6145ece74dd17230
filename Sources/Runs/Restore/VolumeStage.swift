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

    /// Moves what stands in the volume into `old/`.
    func swapOut() async throws {
        guard let paths else { return try await moveEverythingAside() }
        let standing = try await existing(paths.map(live))
        let moved = paths.filter { standing.contains(live($0)) }
        try await requireParents(of: moved)
        try await move(moved.map { (live($0), old + "/" + flat($0)) })
    }

    /// Moves what was restored into its place.
    func swapIn() async throws {
        guard let paths else {
            try await moveAll(from: new, "move the restored content of \(volume.place.path) in place")
            return
        }
        try await moveIn(paths) { new + "/" + text($0) }
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
        try await moveIn(paths) { old + "/" + flat($0) }
    }

    /// What a process made between the two halves of the swap stays in the volume, beside what was restored.
    /// - Returns: the directory that holds it; nil where there was nothing.
    func keepLate() async throws -> String? {
        guard try await exists(late),
            try await !volume.run(["find", late, "-mindepth", "2", "-maxdepth", "2", "-print0"], "look at \(late)")
                .isEmpty
        else { return nil }
        let kept = volume.path + "/" + TarDialect.keptPrefix + name.dropFirst(TarDialect.stagePrefix.count)
        try await move([(late, kept)])
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

    static let attempts = 20

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
        let fixed =
            if let paths {
                try await found(paths.flatMap { [live($0), new + "/" + text($0)] }, "-type", "d", "!", "-perm", "-200")
                    .first
            } else {
                try await volume.run(
                    ["find", volume.path, new, "-mindepth", "1", "-maxdepth", "1", "-type", "d", "!", "-perm", "-200"]
                        + ["-print0"], "look at \(volume.place.path)"
                ).split(separator: 0).first.map { Array($0) }
            }
        guard let fixed else { return }
        throw RunError(
            .failed,
            "\(volume.place): only root can move the directory \(ByteText.escape(fixed)), which is not writable; "
                + "restore as root, or with --to DIR")
    }

    /// What a process made between the swap's two halves, in the way of what belongs there, is kept under its name.
    func setAside(_ path: [UInt8]) async throws {
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
        try await move([(volume.path + "/" + quoted, place + "/" + name)])
    }

    /// `find` names a path that exists, whatever it is, and fails for one that does not.
    private func exists(_ path: String) async throws -> Bool {
        try await volume.attempt(["find", path, "-maxdepth", "0"])
    }

    func live(_ path: EntryPath) -> String { volume.path + "/" + text(path) }
    func text(_ path: EntryPath) -> String { String(decoding: path.bytes, as: UTF8.self) }
    /// One name for a whole path, so that `old/` needs no directories.
    private func flat(_ path: EntryPath) -> String { SHA256.hash(path.bytes).hex }
}
