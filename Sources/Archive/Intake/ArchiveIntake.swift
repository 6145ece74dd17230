public import SystemPackage

/// Takes a raw tar stream in: its bytes go to the compressor while two readers watch them, all of them untouched but for
/// the entries that no restore could put back (``LeftOut``), which are cut out whole.
public struct ArchiveIntake: Sendable {
    /// How the stream ended.
    public enum End: Sendable {
        /// Both readers saw one whole archive and its end.
        case complete
        /// The stream stopped before its end: `tar.end-missing`, `tar.truncated` or `tar.empty`.
        case torn(Violation)
        /// The stream breaks a rule; it was written down all the same.
        case refused(Violation)
        /// No byte came for the stall timeout.
        case stalled
    }

    /// What was taken in and written.
    public struct Outcome: Sendable {
        /// How the stream ended.
        public let end: End
        /// Bytes of the tar stream.
        public let rawBytes: UInt64
        /// Bytes of the archive file.
        public let bytes: UInt64
        /// SHA-256 of the archive file.
        public let digest: SHA256Digest
        /// SHA-256 of the index file.
        public let indexDigest: SHA256Digest
        /// What the archive holds.
        public let totals: ArchiveTotals
        /// SHA-256 over all entries in order: a decoded archive must give the same.
        public let sequenceDigest: SHA256Digest
        /// What the stream held and the archive does not.
        public let leftOut: LeftOut
        /// What came as holes.
        public let holes: Holes
    }

    /// Seconds without a byte after which the stream counts as hung.
    public var stallTimeout: Int
    /// zlib's level, 1…9.
    public var level: Int32
    /// How many threads compress.
    public var threads: Int

    /// - Parameters:
    ///   - stallTimeout: seconds.
    ///   - level: zlib's level, 1…9.
    ///   - threads: at least 1.
    public init(stallTimeout: Int, level: Int32 = 6, threads: Int) {
        self.stallTimeout = stallTimeout
        self.level = level
        self.threads = max(1, threads)
    }

    /// Reads `input` to its end and blocks the calling thread meanwhile.
    ///
    /// - Parameters:
    ///   - output: an empty file for the archive.
    ///   - index: an empty file for the index.
    ///   - name: names the archive in errors.
    /// - Throws: `.cancelled`, or `.system` when the archive can't be written. A torn or refused stream is an outcome.
    public func run(
        input: FileDescriptor, output: FileDescriptor, index: FileDescriptor, name: String, progress: TransferProgress
    ) throws(ArchiveError) -> Outcome {
        let indexWriter = try IndexWriter(output: index, name: name + " (index)")
        let writer = RegionWriter(output: output, name: name, index: indexWriter, level: level, threads: threads)
        let contents = EntryPositions(writer)
        let recorder = RecordingSink(index: indexWriter, noted: contents.note)
        let inspector = TarInspector(limits: .intake, sink: recorder)
        do {
            let reader = StreamReader(descriptor: input, stallTimeout: stallTimeout, progress: progress)
            let end = try pump(reader, inspector, writer, progress)
            let written = try writer.finish()
            let sequence = recorder.finishSequence()
            return Outcome(
                end: end, rawBytes: written.rawBytes, bytes: written.bytes, digest: written.digest,
                indexDigest: try indexWriter.finish(), totals: recorder.totals, sequenceDigest: sequence,
                leftOut: inspector.leftOut, holes: contents.holes)
        } catch {
            inspector.cancel()
            writer.cancel()
            throw error
        }
    }

    private func pump(
        _ reader: StreamReader, _ inspector: TarInspector, _ writer: RegionWriter, _ progress: TransferProgress
    ) throws(ArchiveError) -> End {
        var refusal: Violation?
        var position: UInt64 = 0
        var written: UInt64 = 0
        func write(_ chunk: Chunk) throws(ArchiveError) {
            written += UInt64(chunk.count)
            try writer.append(chunk.bytes, settled: written)
        }
        while true {
            let chunk: Chunk?
            do {
                chunk = try reader.next()
            } catch {
                inspector.cancel()
                switch error {
                case .stalled: return .stalled
                case .cancelled: throw ArchiveError(.cancelled, "cancelled")
                case .failed(let errno): throw ArchiveError(.system, "cannot read the tar stream: \(errno)")
                }
            }
            guard let chunk else { break }
            position += UInt64(chunk.count)
            if refusal == nil {
                let taken = inspector.take(chunk)
                try write(taken.written)
                if let fault = taken.fault {
                    guard let found = fault.violation else { throw fault }
                    refusal = found
                    try write(inspector.surrender())
                }
            } else {
                try write(chunk)
            }
            progress.update(bytes: position, entries: inspector.entryCount)
        }
        try write(inspector.surrender())
        if let refusal {
            inspector.cancel()
            return .refused(refusal)
        }
        guard let last = try violation({ () throws(ArchiveError) in try inspector.finish() }) else { return .complete }
        inspector.cancel()
        switch last.rule {
        case .tarEndMissing, .tarTruncated, .tarEmpty: return .torn(last)
        default: return .refused(last)
        }
    }

    /// A refusal as a value; any other error goes on.
    private func violation(_ body: () throws(ArchiveError) -> Void) throws(ArchiveError) -> Violation? {
        do {
            try body()
            return nil
        } catch {
            guard let violation = error.violation else { throw error }
            return violation
        }
    }
}

/// Tells the region writer where entries begin and end, and notes what came as holes.
private final class EntryPositions {
    private let writer: RegionWriter
    private(set) var holes = Holes()

    init(_ writer: RegionWriter) { self.writer = writer }

    func note(_ entry: TarEntry) {
        // The headers' length is not known here; a bound that is a little late only moves one cut.
        writer.note(entry, contentEnd: entry.offset + 2048 + (entry.sparse?.storedSize ?? entry.size))
        holes.note(entry)
    }
}
