internal import CArchive
internal import CZlib
internal import SystemPackage

/// Inflates exactly one gzip member (RFC 1952) and checks what most readers do not: flags, CRC-32, length, and that
/// nothing stands behind it but the NULs that a tar fills its last record with (`bsdtar -czf`).
///
/// Reads with `pread`, so that the same descriptor can be read again from the start.
final class GzipDecoder {
    private let file: FileDescriptor
    private let name: String
    private let progress: TransferProgress?
    // Heap memory, because inflate keeps a pointer to the stream.
    private let stream: UnsafeMutablePointer<z_stream>
    private let input = Chunk(capacity: 256 << 10)
    private var inputStart = 0
    private var fileOffset: UInt64 = 0
    private var checksum: UInt = 0
    private var hash = SHA256()
    private var isDone = false

    /// Bytes inflated so far.
    private(set) var rawBytes: UInt64 = 0
    /// Bytes of the file used so far.
    var compressedBytes: UInt64 { fileOffset - UInt64(input.count - inputStart) }

    /// Most NULs behind the trailer.
    static let padding: UInt64 = 16 << 20

    /// - Parameter progress: a cancellation ends the work also where much input gives no output.
    init(_ file: FileDescriptor, name: String, progress: TransferProgress? = nil) throws(ArchiveError) {
        self.file = file
        self.name = name
        self.progress = progress
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard carchive_inflate_init_raw(stream) == Z_OK else {
            throw ArchiveError(.system, "zlib cannot start: out of memory; free some memory and try again")
        }
        try readHeader()
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// The next inflated bytes; nil at the end, once CRC, length and the file's end have been checked.
    func next(capacity: Int = 256 << 10) throws(ArchiveError) -> Chunk? {
        guard !isDone else { return nil }
        let chunk = Chunk(capacity: capacity)
        try chunk.fill { buffer throws(ArchiveError) in try inflate(into: buffer) }
        if chunk.count > 0 {
            let bytes = chunk.bytes.bindMemory(to: UInt8.self)
            checksum = crc32(checksum, bytes.baseAddress, UInt32(bytes.count))
            rawBytes += UInt64(bytes.count)
        }
        if isDone { try readTrailer() }
        return chunk.count > 0 ? chunk : nil
    }

    /// SHA-256 of the whole file; to be asked for after ``next(capacity:)`` returned nil.
    func finishDigest() -> SHA256Digest { hash.finish() }

    private func inflate(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        let output = buffer.bindMemory(to: UInt8.self)
        stream.pointee.next_out = output.baseAddress
        stream.pointee.avail_out = UInt32(output.count)
        while stream.pointee.avail_out > 0, !isDone {
            if inputStart == input.count, try !refill() {
                throw refusal(.gzipTruncated, "the file ends inside the compressed data")
            }
            let bytes = input.bytes.bindMemory(to: UInt8.self)
            let available = UInt32(bytes.count - inputStart)
            stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress.map { $0 + inputStart })
            stream.pointee.avail_in = available
            let status = CZlib.inflate(stream, Z_NO_FLUSH)
            inputStart += Int(available - stream.pointee.avail_in)
            switch status {
            case Z_OK, Z_BUF_ERROR: break
            case Z_STREAM_END: isDone = true
            default: throw refusal(.gzipData, "the compressed data are damaged")
            }
        }
        return output.count - Int(stream.pointee.avail_out)
    }

    private func refill() throws(ArchiveError) -> Bool {
        try progress?.checkCancelled()
        try input.fill { buffer throws(ArchiveError) in
            try DescriptorIO.read(file, at: fileOffset, into: buffer, name)
        }
        hash.update(input.bytes)
        inputStart = 0
        fileOffset += UInt64(input.count)
        return input.count > 0
    }

    private func byte(_ rule: Rule, _ message: String) throws(ArchiveError) -> UInt8 {
        if inputStart == input.count, try !refill() { throw refusal(rule, message) }
        inputStart += 1
        return input.bytes[inputStart - 1]
    }

    /// Optional fields (a name, as `gzip FILE` writes it) are read with a bound: they must end within 64 KiB.
    private func readHeader() throws(ArchiveError) {
        var header: [UInt8] = []
        func take() throws(ArchiveError) -> UInt8 {
            let next = try byte(.gzipTruncated, "the file ends inside its header")
            header.append(next)
            guard header.count <= 65_536 else { throw refusal(.gzipHeader, "the gzip header is longer than 64 KiB") }
            return next
        }
        for expected in [0x1F, 0x8B, 8] as [UInt8] {
            guard try take() == expected else { throw refusal(.gzipHeader, "this is no gzip file") }
        }
        let flags = try take()
        guard flags & 0xE0 == 0 else { throw refusal(.gzipHeader, "the gzip header has reserved flags set") }
        for _ in 0..<6 { _ = try take() }
        if flags & 0x04 != 0 {
            let low = try take()
            let high = try take()
            for _ in 0..<(Int(low) | Int(high) << 8) { _ = try take() }
        }
        for flag in [0x08, 0x10] as [UInt8] where flags & flag != 0 {
            while try take() != 0 {}
        }
        if flags & 0x02 != 0 {
            var computed: UInt = 0
            header.withUnsafeBufferPointer { computed = crc32(0, $0.baseAddress, UInt32($0.count)) }
            let low = try take()
            let high = try take()
            guard UInt(low) | UInt(high) << 8 == computed & 0xFFFF else {
                throw refusal(.gzipHeader, "the gzip header's checksum is wrong")
            }
        }
    }

    private func readTrailer() throws(ArchiveError) {
        var trailer: [UInt8] = []
        for _ in 0..<8 { trailer.append(try byte(.gzipTruncated, "the file ends inside its trailer")) }
        guard GzipFormat.number(trailer[..<4]) == UInt32(truncatingIfNeeded: checksum) else {
            throw refusal(.gzipCRC, "the CRC-32 of the content is not the recorded one")
        }
        guard GzipFormat.number(trailer[4...]) == UInt32(truncatingIfNeeded: rawBytes) else {
            throw refusal(.gzipLength, "the content has \(rawBytes) bytes, which is not the recorded length")
        }
        let end = compressedBytes
        repeat {
            guard UnsafeRawBufferPointer(rebasing: input.bytes[inputStart...]).isAllZero else {
                throw refusal(.gzipTrailing, "data stand behind the gzip member's end")
            }
            inputStart = input.count
            guard compressedBytes - end <= Self.padding else {
                throw refusal(.gzipTrailing, "more than \(Self.padding) NULs stand behind the gzip member's end")
            }
        } while try refill()
    }

    private func refusal(_ rule: Rule, _ message: String) -> ArchiveError {
        ArchiveError(violation: Violation(rule, at: compressedBytes, message))
    }
}
