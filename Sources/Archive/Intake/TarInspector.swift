internal import Dispatch
internal import Glibc
internal import Synchronization

/// Two readers on one stream: the strict header check and libarchive see the same bytes and must agree on every entry.
///
/// The scanner runs on the caller's thread and calls the sink there; libarchive runs on its own.
final class TarInspector {
    private var scanner: TarScanner
    private let chunks = BoundedQueue<Chunk>(capacity: 8)
    private let agreement: Agreement
    private let reader: Worker<Void>
    private let leavesOut: Bool
    private var sieve = StreamSieve()

    init(limits: ArchiveLimits, sink: any TarSink) {
        _ = localeIsUTF8
        let agreement = Agreement()
        let chunks = self.chunks
        self.agreement = agreement
        leavesOut = limits.leavesOut
        scanner = TarScanner(limits: limits, sink: AgreeingSink(sink, agreement))
        reader = Worker("libarchive") { () throws(ArchiveError) in
            try LibarchiveReader.read(chunks) { agreement.observe($0) }
        }
    }

    /// Bytes taken so far.
    var position: UInt64 { scanner.position }
    /// True once the end of the archive was seen.
    var sawEnd: Bool { scanner.sawEnd }
    /// Entries so far.
    var entryCount: UInt64 { scanner.entryCount }

    /// Entries of the stream that are left out of what is written.
    var leftOut: LeftOut { scanner.leftOut }

    /// Shows the chunk to both readers.
    func consume(_ chunk: Chunk) throws(ArchiveError) {
        if let fault = take(chunk).fault { throw fault }
    }

    /// Shows the chunk to both readers.
    ///
    /// - Returns: what is to be written, and is all that the second reader sees: where odd entries are left out, the stream
    ///   without them, up to where all is decided. With a fault, all the rest: a refused stream is kept as it came.
    func take(_ chunk: Chunk) -> (written: Chunk, fault: ArchiveError?) {
        do throws(ArchiveError) {
            try scanner.consume(chunk.bytes)
            var written = chunk
            if leavesOut { written = sieve.pass(chunk, settled: scanner.settled, omitting: &scanner.omissions) }
            if written.count > 0 { chunks.push(written) }
            do throws(ArchiveError) { try agreement.check() } catch { return (written, error) }
            return (written, nil)
        } catch {
            return (leavesOut ? sieve.pass(chunk, settled: nil, omitting: &scanner.omissions) : chunk, error)
        }
    }

    /// What is still held back when the stream has ended or was refused.
    func surrender() -> Chunk { Chunk(sieve.surrender()) }

    /// Ends the stream for both and compares what is left.
    func finish() throws(ArchiveError) {
        chunks.close()
        try scanner.finish()
        try reader.wait()
        try agreement.finish()
    }

    /// Ends the second reader without a verdict; to be called when the stream is given up.
    func cancel() {
        chunks.close()
        _ = try? reader.wait()
    }
}

/// libarchive converts names by the process's locale: UTF-8, or it warns about every name that is not ASCII.
private let localeIsUTF8: Bool = setlocale(LC_CTYPE, "C.UTF-8") != nil

/// Holds what one reader has seen and the other has not yet.
private final class Agreement: Sendable {
    private struct Queues {
        var expected: [TarEntry] = []
        var observed: [ReaderEntry] = []
        var disagreement: ArchiveError?
    }

    private let queues = Mutex(Queues())

    func expect(_ entry: TarEntry) {
        queues.withLock { queues in
            queues.expected.append(entry)
            Self.match(&queues)
        }
    }

    /// False once the readers disagree.
    func observe(_ entry: ReaderEntry) -> Bool {
        queues.withLock { queues in
            queues.observed.append(entry)
            Self.match(&queues)
            return queues.disagreement == nil
        }
    }

    func check() throws(ArchiveError) {
        if let disagreement = queues.withLock({ $0.disagreement }) { throw disagreement }
    }

    func finish() throws(ArchiveError) {
        try check()
        let (missing, extra) = queues.withLock { ($0.expected.first, $0.observed.count) }
        if let missing {
            throw Self.disagreement(missing, "libarchive does not see the entry")
        }
        if extra > 0 {
            throw ArchiveError(
                violation: Violation(.readerDisagrees, at: 0, "libarchive sees \(extra) more entries at the end"))
        }
    }

    private static func match(_ queues: inout Queues) {
        let count = min(queues.expected.count, queues.observed.count)
        for index in 0..<count where queues.disagreement == nil {
            queues.disagreement = compare(queues.expected[index], queues.observed[index])
        }
        queues.expected.removeFirst(count)
        queues.observed.removeFirst(count)
    }

    private static func compare(_ entry: TarEntry, _ other: ReaderEntry) -> ArchiveError? {
        guard (entry.type == .hardlink) == other.isHardlink else {
            return disagreement(entry, "one reader sees a hard link, the other none")
        }
        if entry.type != .hardlink, other.type != mode(entry.type) {
            return disagreement(entry, "libarchive sees another type")
        }
        if entry.type == .file, UInt64(exactly: other.size) != entry.size {
            return disagreement(entry, "libarchive sees \(other.size) bytes instead of \(entry.size)")
        }
        if let path = other.path, !isSame(path, entry.path) {
            return disagreement(entry, "libarchive sees the name \"\(ByteText.escape(path))\"")
        }
        return nil
    }

    /// libarchive composes accents in pax names (NFD becomes NFC) where the locale is UTF-8, so components that are not
    /// ASCII only have to be not ASCII for both.
    private static func isSame(_ name: [UInt8], _ path: EntryPath) -> Bool {
        guard let other = try? EntryPath(archiveName: name) else { return false }
        if other == path { return true }
        let (left, right) = (other.components, path.components)
        return left.count == right.count
            && zip(left, right).allSatisfy { left, right in
                left == right || (left.contains { $0 >= 0x80 } && right.contains { $0 >= 0x80 })
            }
    }

    private static func disagreement(_ entry: TarEntry, _ message: String) -> ArchiveError {
        ArchiveError(
            violation: Violation(.readerDisagrees, at: entry.offset, entry: entry.path.description, message))
    }

    private static func mode(_ type: EntryType) -> UInt32 {
        switch type {
        case .file, .hardlink: S_IFREG
        case .directory: S_IFDIR
        case .symlink: S_IFLNK
        case .fifo: S_IFIFO
        case .characterDevice: S_IFCHR
        case .blockDevice: S_IFBLK
        }
    }
}

/// Notes each entry for the comparison before the sink sees it.
private final class AgreeingSink: TarSink {
    private let sink: any TarSink
    private let agreement: Agreement

    init(_ sink: any TarSink, _ agreement: Agreement) {
        self.sink = sink
        self.agreement = agreement
    }

    var digestForm: DigestForm { sink.digestForm }

    func begin(_ entry: TarEntry) throws(ArchiveError) {
        agreement.expect(entry)
        try sink.begin(entry)
    }

    func content(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(ArchiveError) {
        try sink.content(bytes, at: offset)
    }

    func end(_ entry: TarEntry, digest: SHA256Digest?) throws(ArchiveError) { try sink.end(entry, digest: digest) }
}
