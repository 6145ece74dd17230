/// The strict header check: reads a tar stream that is pushed into it, chunk by chunk, and refuses everything that two
/// readers could understand differently (rules 3, 5, 7, 8, 10 and 14 of docs/archives.md).
///
/// It holds one header, one extension body, one sparse map and 32 bytes an entry, never content.
public struct TarScanner: ~Copyable {
    enum State {
        /// Collecting a header block.
        case header
        /// Collecting the body of an `L`, `K`, `x` or `g` header.
        case extensionBody(kind: UInt8, size: Int)
        /// Collecting a further block of GNU's old sparse map.
        case sparseBlock
        /// Collecting blocks of pax's sparse map 1.0.
        case sparseText
        /// Passing content on.
        case content
        /// Skipping the content of an entry that is left out.
        case leftOut
        /// Skipping to the next multiple of 512.
        case padding(Int)
        /// One zero block was seen where a header could stand.
        case endMarker
        /// Both were seen: only zeros may follow.
        case trailer
    }

    let limits: ArchiveLimits
    let sink: any TarSink
    var state = State.header
    var block: [UInt8] = []
    /// Bytes taken so far.
    public internal(set) var position: UInt64 = 0
    /// Entries understood so far.
    public internal(set) var entryCount: UInt64 = 0
    /// Bytes of files, holes filled.
    public internal(set) var contentBytes: UInt64 = 0
    /// Entries that are left out, and the stretches of the stream that they are.
    var leftOut = LeftOut()
    var omissions: [Range<UInt64>] = []
    /// Bytes of all of them, also of those that the sieve has dropped from the list.
    var omittedBytes: UInt64 = 0
    private var zerosBehindEnd: UInt64 = 0

    var pending = PendingEntry()
    var ledger = TreeLedger()
    var current: TarEntry?
    var reading = ContentCursor()
    var hash = ContentHash()

    /// - Parameters:
    ///   - sink: is called on the thread that calls ``consume(_:)``.
    public init(limits: ArchiveLimits, sink: any TarSink) {
        self.limits = limits
        self.sink = sink
        block.reserveCapacity(TarHeader.blockSize)
    }

    /// Bytes from the start up to which nothing is undecided: the start of a header group that is still incomplete,
    /// else ``position``.
    public var settled: UInt64 {
        switch state {
        case .header where block.isEmpty && pending.isEmpty: position
        case .header, .extensionBody, .sparseBlock, .sparseText: pending.start ?? position - UInt64(block.count)
        default: position
        }
    }

    /// True once both zero blocks of the end were seen.
    public var sawEnd: Bool {
        if case .trailer = state { true } else { false }
    }

    /// Takes the next bytes of the stream.
    ///
    /// - Throws: `.refused` with a ``Violation``, or what the sink throws. The scanner is of no use afterwards.
    public mutating func consume(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        var rest = bytes
        guard position + UInt64(bytes.count) <= limits.streamBytes else {
            throw refusal(.limitBytes, "the stream has more than the \(limits.streamBytes) bytes that are allowed")
        }
        while !rest.isEmpty {
            let taken = try step(rest)
            position += UInt64(taken)
            rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
            try settle()
        }
    }

    /// Ends the stream.
    ///
    /// - Throws: `tar.truncated` inside an entry, `tar.end-missing` without both zero blocks, `tar.empty`.
    public mutating func finish() throws(ArchiveError) {
        switch state {
        case .trailer: break
        case .header where block.isEmpty && pending.isEmpty:
            throw refusal(.tarEndMissing, "the stream ends without the two zero blocks of an archive's end")
        case .endMarker where block.isEmpty:
            throw refusal(.tarEndMissing, "the stream ends after the first of the two zero blocks")
        default: throw refusal(.tarTruncated, "the stream ends inside an entry")
        }
        guard entryCount > 0 else { throw refusal(.tarEmpty, "the archive has no entry") }
    }

    /// Takes as many bytes as the state can use, at least one.
    private mutating func step(_ rest: UnsafeRawBufferPointer) throws(ArchiveError) -> Int {
        switch state {
        case .header, .sparseBlock, .sparseText, .endMarker:
            return collect(rest, upTo: TarHeader.blockSize)
        case .extensionBody(_, let size):
            return collect(rest, upTo: size.roundedUpToBlock)
        case .content:
            let count = Int(min(UInt64(rest.count), reading.remaining))
            try deliver(UnsafeRawBufferPointer(rebasing: rest[..<count]))
            return count
        case .leftOut:
            let count = Int(min(UInt64(rest.count), reading.remaining))
            reading.remaining -= UInt64(count)
            return count
        case .padding(let missing):
            let count = min(rest.count, missing)
            state = missing == count ? .header : .padding(missing - count)
            return count
        case .trailer:
            if let place = rest.firstIndex(where: { $0 != 0 }) {
                // The refusal names this byte, however the stream was cut into chunks.
                position += UInt64(place)
                throw refusal(.tarAfterEnd, "data stand behind the archive's end")
            }
            zerosBehindEnd += UInt64(rest.count)
            guard zerosBehindEnd <= ArchiveLimits.zerosBehindEnd else {
                throw refusal(
                    .limitBytes, "more than \(ArchiveLimits.zerosBehindEnd) zeros stand behind the archive's end")
            }
            return rest.count
        }
    }

    private mutating func collect(_ rest: UnsafeRawBufferPointer, upTo size: Int) -> Int {
        let count = min(rest.count, size - block.count)
        block.append(contentsOf: rest[..<count])
        return count
    }

    /// Acts on a block or body that is complete now.
    private mutating func settle() throws(ArchiveError) {
        switch state {
        case .header where block.count == TarHeader.blockSize: try readHeader()
        case .sparseBlock where block.count == TarHeader.blockSize: try readSparseBlock()
        case .sparseText where block.count == TarHeader.blockSize: try readSparseText()
        case .extensionBody(let kind, let size) where block.count == size.roundedUpToBlock:
            try readExtension(kind, size)
        case .endMarker where block.count == TarHeader.blockSize:
            guard block.allSatisfy({ $0 == 0 }) else {
                throw refusal(.tarEndMissing, "a single zero block stands where a header should")
            }
            block.removeAll(keepingCapacity: true)
            state = .trailer
        case .content where reading.remaining == 0: try endContent()
        case .leftOut where reading.remaining == 0: endStored()
        default: break
        }
    }

    func refusal(_ rule: Rule, _ message: String, entry: EntryPath? = nil) -> ArchiveError {
        let raw = pending.start ?? position - UInt64(block.count)
        // A place in what is written of the stream.
        let place = raw - min(raw, omittedBytes)
        let name = entry?.description ?? pending.name.map { ByteText.escape($0) } ?? current?.path.description
        return ArchiveError(violation: Violation(rule, at: place, entry: name, message))
    }

    func refusal(_ broken: BrokenRule, entry: EntryPath? = nil) -> ArchiveError {
        refusal(broken.rule, broken.reason, entry: entry)
    }
}

extension ArchiveError {
    /// A refusal whose message is the violation's sentence.
    init(violation: Violation) {
        self.init(.refused, violation.description, violation: violation)
    }
}

extension Int {
    /// The next multiple of 512.
    var roundedUpToBlock: Int { (self + 511) / 512 * 512 }
}
