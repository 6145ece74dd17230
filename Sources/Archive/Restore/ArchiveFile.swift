internal import CArchive
internal import Glibc
public import SystemPackage

/// An archive file, opened once and walked as often as needed: first to verify, then to use (rule 2 of
/// docs/archives.md). A link is never followed, and only a regular file is read.
public final class ArchiveFile: Sendable {
    /// What a whole walk found.
    public struct Summary: Sendable, Equatable {
        /// SHA-256 of the file.
        public let digest: SHA256Digest
        /// Bytes of the file.
        public let bytes: UInt64
        /// Bytes of the tar stream.
        public let rawBytes: UInt64
        /// What it holds.
        public let totals: ArchiveTotals
        /// SHA-256 over all entries in order.
        public let sequenceDigest: SHA256Digest
    }

    /// As given.
    public let path: String
    private let descriptor: FileDescriptor

    /// - Throws: `.notFound`, or `.system` for a link, a directory or anything else that is no regular file.
    public init(path: String) throws(ArchiveError) {
        self.path = path
        let number = Glibc.open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard number >= 0 else {
            let error = Errno(rawValue: errno)
            switch error {
            case .noSuchFileOrDirectory: throw ArchiveError(.notFound, "no archive at \(path): check the path")
            case .tooManySymbolicLinkLevels:
                throw ArchiveError(.system, "\(path) is a symbolic link: give the archive's own path")
            default: throw ArchiveError.system(error, "open", path)
            }
        }
        // A throw from here on runs deinit, which closes it: all of the object is there.
        descriptor = FileDescriptor(rawValue: number)
        var status = stat()
        try Directory.check(Directory.retry { fstat(number, &status) }, "look at", path)
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ArchiveError(.system, "\(path) is no regular file: give the path of a .tar.gz")
        }
    }

    /// Takes over a descriptor that ``Directory/openFile(_:)`` gave: of a regular file, reached through no link.
    public init(adopting descriptor: FileDescriptor, path: String) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor.rawValue) }

    /// Reads the whole file with both readers, from the start to behind the trailer.
    ///
    /// - Parameters:
    ///   - sink: receives the entries as they come: they are only *complete and safe* once the walk has returned.
    ///   - model: is filled with the tree that the archive describes.
    /// - Throws: `.refused` with a ``Violation``; `.cancelled`; `.system`.
    @discardableResult
    public func walk(
        limits: ArchiveLimits, sink: (any TarSink)? = nil, model: inout ModelDigest?,
        progress: TransferProgress = TransferProgress()
    ) throws(ArchiveError) -> Summary {
        let recorder = RecordingSink(next: sink, model: model)
        let decoder = try GzipDecoder(descriptor, name: path, progress: progress)
        let inspector = TarInspector(limits: limits, sink: recorder)
        let deadline = limits.seconds.map { ContinuousClock.now + .seconds($0) }
        do throws(ArchiveError) {
            while let chunk = try decoder.next() {
                try progress.checkCancelled()
                if let deadline, ContinuousClock.now >= deadline { throw Self.tooLong(decoder, limits) }
                try inspector.consume(chunk)
                progress.update(bytes: decoder.rawBytes, entries: inspector.entryCount)
            }
            try inspector.finish()
        } catch {
            inspector.cancel()
            throw error
        }
        model = recorder.model
        return Summary(
            digest: decoder.finishDigest(), bytes: decoder.compressedBytes, rawBytes: decoder.rawBytes,
            totals: recorder.totals, sequenceDigest: recorder.finishSequence())
    }

    /// Like ``walk(limits:sink:model:progress:)`` without a model.
    @discardableResult
    public func walk(
        limits: ArchiveLimits, sink: (any TarSink)? = nil, progress: TransferProgress = TransferProgress()
    ) throws(ArchiveError) -> Summary {
        var model: ModelDigest?
        return try walk(limits: limits, sink: sink, model: &model, progress: progress)
    }

    private static func tooLong(_ decoder: GzipDecoder, _ limits: ArchiveLimits) -> ArchiveError {
        ArchiveError(
            violation: Violation(
                .limitTime, at: decoder.rawBytes,
                "reading it took more than \(limits.seconds ?? 0) seconds, which is all that a file without a record gets"
            ))
    }
}
