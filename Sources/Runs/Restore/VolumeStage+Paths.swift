internal import Archive
internal import Containers

/// Looks at and moves many paths of a volume, in as few commands as their words fit into: each costs the service time.
extension VolumeStage {
    /// What has to be swapped so that every wanted path comes back: where directories above a path are gone from the
    /// volume, the topmost of these; and no path below another one.
    ///
    /// - Throws: where something else stands in place of a directory above a path.
    static func places(of wanted: [EntryPath], in volume: VolumeStream) async throws -> [EntryPath] {
        for path in wanted where String(validating: path.bytes, as: UTF8.self) == nil {
            throw RunError(
                .failed,
                "\(volume.place): \(path) is no UTF-8, so it can't be restored alone; name a directory above it")
        }
        let stage = VolumeStage(volume: volume, name: "", paths: nil)
        let above = ancestors(of: wanted)
        let standing = try await stage.existing(above.map(stage.live))
        try await stage.requireDirectories(above.filter { standing.contains(stage.live($0)) })
        let places = Set(
            wanted.map { path in
                path.ancestors.last { !standing.contains(stage.live($0)) } ?? path
            })
        return places.filter { path in !path.ancestors.contains { places.contains($0) } }
            .sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }

    /// Paths as bytes: two that Swift calls equal, being the same text, may be two files.
    struct Paths {
        fileprivate var bytes: Set<[UInt8]> = []

        /// Adds what stands in an output with a NUL behind each.
        fileprivate mutating func add(_ output: [UInt8]) { bytes.formUnion(output.split(separator: 0).map(Array.init)) }

        /// Any of them.
        var first: [UInt8]? { bytes.first }

        func contains(_ path: String) -> Bool { bytes.contains(Array(path.utf8)) }
    }

    /// Which of these exist, whatever they are.
    func existing(_ paths: [String]) async throws -> Paths {
        let script = "for p; do if [ -e \"$p\" ] || [ -h \"$p\" ]; then printf '%s\\0' \"$p\"; fi; done"
        var existing = Paths()
        for batch in Self.batches(paths.map { [$0] }) {
            let output = try await volume.run(["sh", "-c", script, "sh"] + batch, "look at \(batch[0])")
            existing.add(output)
        }
        return existing
    }

    /// Which of these exist and are such as `find` is asked for.
    func found(_ paths: [String], _ tests: String...) async throws -> Paths {
        let standing = try await existing(paths)
        var found = Paths()
        for batch in Self.batches(paths.filter(standing.contains).map { [$0] }) {
            let output = try await volume.run(
                ["find"] + batch + ["-maxdepth", "0"] + tests + ["-print0"], "look at \(batch[0])")
            found.add(output)
        }
        return found
    }

    /// Renames, in order. Nothing must stand at a target: without `-T`, which old versions of busybox lack, a directory
    /// there would take the thing in.
    func move(_ pairs: [(from: String, to: String)]) async throws {
        let script =
            "while [ $# -gt 1 ]; do if [ -e \"$2\" ] || [ -h \"$2\" ]; then echo \"$2 is there\" >&2; exit 1; fi; "
            + "mv -f -- \"$1\" \"$2\" || exit 1; shift 2; done"
        for batch in Self.batches(pairs.map { [$0.from, $0.to] }) {
            let more = batch.count > 2 ? ", and \(batch.count / 2 - 1) more" : ""
            try await volume.run(["sh", "-c", script, "sh"] + batch, "move \(batch[0]) to \(batch[1])\(more)")
        }
    }

    /// Moves what of these paths is elsewhere to its place in the volume, whatever a process has put there meanwhile.
    func moveIn(_ paths: [EntryPath], from source: (EntryPath) -> String) async throws {
        for attempt in 1...Self.attempts {
            let waiting = try await existing(paths.map(source))
            let moved = paths.filter { waiting.contains(source($0)) }
            guard !moved.isEmpty else { return }
            try await requireParents(of: moved)
            let standing = try await existing(moved.map(live))
            for path in moved where standing.contains(live(path)) { try await setAside(path.bytes) }
            do { try await move(moved.map { (source($0), live($0)) }) } catch let error as RunError {
                if attempt == Self.attempts { throw error }
            }
        }
    }

    /// The directories above paths must be directories of the volume, not links out of it.
    func requireParents(of paths: [EntryPath]) async throws {
        try await requireDirectories(Self.ancestors(of: paths))
    }

    private func requireDirectories(_ directories: [EntryPath]) async throws {
        let found = try await found(directories.map(live), "-type", "d")
        if let other = directories.first(where: { !found.contains(live($0)) }) {
            throw RunError(
                .failed, "\(volume.place): \(other) is no directory in the volume now; restore it whole instead")
        }
    }

    private static func ancestors(of paths: [EntryPath]) -> [EntryPath] {
        Array(Set(paths.flatMap(\.ancestors))).sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }

    /// Groups of words, joined up to what every system takes as the arguments of one command.
    private static func batches(_ groups: [[String]]) -> [[String]] {
        var batches: [[String]] = []
        var room = 0
        for group in groups {
            let size = group.reduce(0) { $0 + $1.utf8.count + 16 }
            if size > room {
                batches.append([])
                room = 64 << 10
            }
            room -= size
            batches[batches.count - 1] += group
        }
        return batches
    }
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
