internal import Archive
internal import Containers

/// What files that came as nothing but holes turned out to be.
enum HoleFinding: Sendable {
    /// There is none, or they are as empty as they look.
    case empty
    /// Some hold data that the stream does not: which.
    case data(String)
    /// That can't be known: why, and which files.
    case unknown(String)
}

/// Files that came as holes alone (docs/archives.md, "Files that are nothing but holes").
///
/// GNU tar takes a file to which the file system gives no block for one hole and does not read it. File systems that
/// inline, compress or keep the content elsewhere (FUSE, NFS, CIFS, ZFS) give no blocks to files that hold data.
extension VolumeStream {
    /// What is read again, or written as zeros, rather than left in doubt: a minute or two of work.
    static let holeBytes: UInt64 = 16 << 30

    /// File systems that count a block for all data, also for what waits in memory or lies in the inode; as `stat -f`
    /// names them (ext4 is `ext2/ext3`).
    private static let truthful: Set<String> = ["ext2/ext3", "xfs", "tmpfs"]

    /// Looks whether what the volume's stream told as holes is none.
    ///
    /// - Parameter mounts: mount points below the volume's path.
    func lookBehind(_ holes: Holes, mounts: [String]) async throws -> HoleFinding {
        guard dialect.flavour == .gnu, holes.onlyCount > 0 else { return .empty }
        let places = [path] + mounts.map { path + $0.dropFirst(place.path.count) }
        guard let doubt = try await doubtfulFileSystem(places) else { return .empty }
        let files = Self.files(holes)
        guard holes.isWhole, holes.onlyBytes <= Self.holeBytes else {
            return .unknown(
                "\(files) came as holes alone from \(doubt), which may give no blocks to data; with \(holes.onlyBytes) "
                    + "bytes they are too large to be read again")
        }
        func unread(_ reason: String) -> HoleFinding {
            .unknown("\(files) came as holes alone and could not be read again: \(reason)")
        }
        let progress = TransferProgress()
        do {
            let stall = stallTimeout
            let (finder, result) = try await read(listed: Self.list(holes.only), progress: progress) { input in
                let finder = DataFinder()
                try TarStream.read(input, sink: finder, stallTimeout: stall, progress: progress)
                return UncheckedTransfer(finder)
            }
            if let first = finder.value.found.first {
                let more = finder.value.count > 1 ? " and \(finder.value.count - 1) more files" : ""
                let what = "\"\(first)\"\(more) came as holes from \(doubt) but hold data"
                guard holes.bytes <= Self.holeBytes else {
                    return .unknown(
                        "\(what), and with \(holes.bytes) bytes of holes the volume is not read without --sparse")
                }
                return .data(what)
            }
            let messages = TarMessages(result.errorText.lines, flavour: dialect.flavour)
            if let failure = result.transportFailure { throw failure }
            guard let line = (messages.losses + messages.unknown).first else { return .empty }
            return unread(ByteText.escape(Array(line.utf8)))
        } catch let error as ArchiveError where error.code != .cancelled {
            return unread(error.message)
        } catch let error as ContainerError {
            return unread(error.message)
        }
    }

    /// Reads a tree to compare it: byte for byte where the file system may call data holes.
    ///
    /// - Parameters:
    ///   - leavesOut: pass over the odd entries that a backup leaves out.
    ///   - note: is told what could not be compared so.
    func readTree<Sink: HoleNotingSink>(
        _ directory: String? = nil, leavesOut: Bool = false, _ progress: TransferProgress,
        note: (String) -> Void,
        _ make: @escaping @Sendable () -> Sink
    ) async throws -> (sink: UncheckedTransfer<Sink>, result: ExecResult) {
        let stall = stallTimeout
        func tree(sparse: Bool) async throws -> (sink: UncheckedTransfer<Sink>, result: ExecResult) {
            let (sink, result) = try await read(directory, sparse: sparse, progress: progress) { input in
                let sink = make()
                try TarStream.read(input, sink: sink, stallTimeout: stall, leavesOut: leavesOut, progress: progress)
                return UncheckedTransfer(sink)
            }
            return (sink, result)
        }
        let first = try await tree(sparse: true)
        let holes = first.sink.value.holes
        guard dialect.flavour == .gnu, holes.onlyCount > 0,
            let doubt = try await doubtfulFileSystem([directory ?? path])
        else { return first }
        guard holes.bytes <= Self.holeBytes else {
            note("\(place): \(Self.files(holes)) were compared by what \(doubt) says of holes, not byte for byte")
            return first
        }
        return try await tree(sparse: false)
    }

    /// Insists that a tar which keeps no holes is not asked to write more zeros than a volume can be meant to hold.
    func requireRoom(for holes: Holes) throws {
        guard !dialect.emitter.keepsHoles, holes.bytes > Self.holeBytes else { return }
        let largest = holes.largest.map { ", most of them in \"\($0)\"" } ?? ""
        throw RunError(
            .failed,
            "\(place): the archive has \(holes.bytes) bytes of holes\(largest), which \(dialect.name) in \(container) would "
                + "write as zeros; nothing was changed: put GNU tar into the image, restore with --to, or only other paths"
        )
    }

    /// The first file system that is not known to count blocks truthfully; nil where all of them are.
    private func doubtfulFileSystem(_ places: [String]) async throws -> String? {
        let result = try await runtime.exec(ContainerCommand(["stat", "-f", "-c", "%T", "--"] + places), in: container)
        let kinds = String(decoding: result.output, as: UTF8.self).split(whereSeparator: \.isNewline)
        guard result.transportFailure == nil, result.status.isSuccess, kinds.count == places.count else {
            return "a file system that could not be asked for its kind"
        }
        return kinds.first { !Self.truthful.contains(String($0)) }
            .map { "the file system \(ByteText.escape(Array($0.utf8)))" }
    }

    /// Names for tar, each with a NUL behind it: first every directory above a file, for the stream has to be a tree.
    private static func list(_ files: [EntryPath]) -> [UInt8] {
        var listed: Set<EntryPath> = []
        var names: [UInt8] = []
        for file in files {
            var chain = [file]
            while let parent = chain.last?.parent, !parent.isRoot, !listed.contains(parent) { chain.append(parent) }
            for path in chain.reversed() where listed.insert(path).inserted { names += path.archiveName + [0] }
        }
        return names
    }

    private static func files(_ holes: Holes) -> String {
        let names = holes.only.prefix(3).map { "\"\($0)\"" }.joined(separator: ", ")
        return holes.onlyCount > 3 ? "\(names) and \(holes.onlyCount - 3) more files" : names
    }
}
