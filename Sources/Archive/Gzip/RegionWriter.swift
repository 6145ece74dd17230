internal import CZlib
internal import Dispatch
internal import Synchronization
internal import SystemPackage

/// Writes a stream as one gzip member of independently compressed regions (docs/snapshot-format.md).
///
/// Regions are compressed by several threads and written in order by one; what is under way at a time is bounded, so
/// memory does not grow with the stream.
final class RegionWriter {
    /// What was written.
    struct Totals: Sendable {
        var rawBytes: UInt64 = 0
        var bytes: UInt64 = 0
        var digest = SHA256.hash([])
        var regions = 0
    }

    private final class Job: Sendable {
        let raw: [UInt8]
        let done = DispatchSemaphore(value: 0)
        let result = Mutex<Result<CompressedRegion, ArchiveError>?>(nil)

        init(_ raw: [UInt8]) { self.raw = raw }
    }

    private var cutter = RegionCutter()
    /// The bytes since the last cut.
    private var buffer: [UInt8] = []
    /// How many of them the cutter has seen.
    private var looked = 0
    /// Byte of the stream at which `buffer` begins.
    private var bufferStart: UInt64 = 0

    private let unfinished: BoundedQueue<Job>
    private let inOrder: BoundedQueue<Job>
    private let writer: Worker<Totals>

    /// - Parameters:
    ///   - output: an empty file; stays the caller's.
    ///   - name: names the file in errors.
    ///   - threads: how many compress at a time.
    init(output: FileDescriptor, name: String, index: IndexWriter?, level: Int32 = 6, threads: Int) {
        let unfinished = BoundedQueue<Job>(capacity: threads * 4)
        let inOrder = BoundedQueue<Job>(capacity: threads * 4)
        self.unfinished = unfinished
        self.inOrder = inOrder
        for _ in 0..<threads {
            _ = Worker<Void>("compress") { () throws(ArchiveError) in
                Self.compress(unfinished, level: level)
            }
        }
        writer = Worker("write") { () throws(ArchiveError) -> Totals in
            defer {
                inOrder.abandon()
                unfinished.abandon()
            }
            return try Self.write(inOrder, to: output, name: name, index: index)
        }
    }

    /// Tells the cutter of an entry before its bytes are settled.
    func note(_ entry: TarEntry, contentEnd: UInt64) { cutter.note(entry, contentEnd: contentEnd) }

    /// Takes the next bytes; those up to `settled` (a stream offset) may be cut now.
    func append(_ bytes: UnsafeRawBufferPointer, settled: UInt64) throws(ArchiveError) {
        buffer.append(contentsOf: bytes)
        var end = Int(settled - bufferStart)
        while looked < end {
            let cut = buffer.withUnsafeBytes { cutter.cut(UnsafeRawBufferPointer(rebasing: $0[looked..<end])) }
            guard let cut else {
                looked = end
                return
            }
            let length = looked + cut
            try dispatch(Array(buffer[..<length]))
            buffer.removeFirst(length)
            bufferStart += UInt64(length)
            end -= length
            looked = 0
        }
    }

    /// Writes the rest and the trailer, and waits for the last byte to be handed to the file system.
    func finish() throws(ArchiveError) -> Totals {
        if !buffer.isEmpty { try dispatch(buffer) }
        buffer = []
        unfinished.close()
        inOrder.close()
        return try writer.wait()
    }

    /// Stops the threads without a trailer; the file is of no use.
    func cancel() {
        inOrder.abandon()
        inOrder.close()
        // Not abandoned: the writer may wait for a region that no compressor has taken yet. There are few.
        unfinished.close()
        _ = try? writer.wait()
    }

    private func dispatch(_ raw: [UInt8]) throws(ArchiveError) {
        let job = Job(raw)
        // The order queue first: it is the one that the writer abandons when it fails.
        guard inOrder.push(job), unfinished.push(job) else {
            _ = try writer.wait()
            throw ArchiveError(.system, "the archive's writer stopped early")
        }
    }

    private static func compress(_ queue: BoundedQueue<Job>, level: Int32) {
        let compressor = Result { () throws(ArchiveError) in try RegionCompressor(level: level) }
        while let job = queue.pop() {
            let outcome: Result<CompressedRegion, ArchiveError>
            do throws(ArchiveError) {
                outcome = .success(try compressor.get().compress(job.raw))
            } catch {
                outcome = .failure(error)
            }
            job.result.withLock { $0 = outcome }
            job.done.signal()
        }
    }

    private static func write(
        _ queue: BoundedQueue<Job>, to output: FileDescriptor, name: String, index: IndexWriter?
    ) throws(ArchiveError) -> Totals {
        var totals = Totals()
        var hash = SHA256()
        var checksum: UInt = 0
        func emit(_ bytes: [UInt8]) throws(ArchiveError) {
            try DescriptorIO.write(bytes, to: output, name)
            hash.update(bytes)
            totals.bytes += UInt64(bytes.count)
        }
        try emit(GzipFormat.header)
        while let job = queue.pop() {
            job.done.wait()
            guard let region = try job.result.withLock({ $0 })?.get() else { break }
            try index?.region(region, rawOffset: totals.rawBytes, offset: totals.bytes)
            try emit(region.bytes)
            checksum = crc32_combine(checksum, region.rawCRC, region.rawCount)
            totals.rawBytes += UInt64(region.rawCount)
            totals.regions += 1
        }
        try emit(GzipFormat.trailer(crc: UInt32(truncatingIfNeeded: checksum), rawBytes: totals.rawBytes))
        totals.digest = hash.finish()
        return totals
    }
}
