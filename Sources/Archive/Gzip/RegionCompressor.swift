internal import CArchive
internal import CZlib

/// One region in its two forms, ready to be written.
struct CompressedRegion: Sendable {
    let rawCount: Int
    let rawDigest: SHA256Digest
    let rawCRC: UInt
    /// Whole deflate blocks, none of them final, ending on a byte boundary.
    let bytes: [UInt8]
    let digest: SHA256Digest
}

/// Compresses regions independently of each other: raw deflate (RFC 1951) that ends in a full flush, or stored blocks
/// where deflate gains nothing.
///
/// Owns one `z_stream`; one thread at a time.
final class RegionCompressor {
    // Heap memory, because deflate keeps a pointer to the stream.
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Parameter level: 1…9 as in `deflateInit2`.
    init(level: Int32) throws(ArchiveError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard carchive_deflate_init_raw(stream, level) == Z_OK else {
            // deinit frees the stream also now: all of the object is there.
            throw ArchiveError(.system, "zlib cannot start a compressor: out of memory; free some memory and try again")
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    func compress(_ raw: [UInt8]) throws(ArchiveError) -> CompressedRegion {
        var crc: UInt = 0
        let compressed = try deflated(raw)
        raw.withUnsafeBufferPointer { crc = crc32(0, $0.baseAddress, UInt32($0.count)) }
        return CompressedRegion(
            rawCount: raw.count, rawDigest: SHA256.hash(raw), rawCRC: crc, bytes: compressed,
            digest: SHA256.hash(compressed))
    }

    private func deflated(_ raw: [UInt8]) throws(ArchiveError) -> [UInt8] {
        if looksRandom(raw) { return Self.stored(raw) }
        guard deflateReset(stream) == Z_OK else { throw Self.failure("reset") }
        // deflateBound does not count the flush's empty block.
        let capacity = Int(deflateBound(stream, UInt(raw.count))) + 16
        var status = Z_OK
        var leftIn: UInt32 = 0
        let bytes = raw.withUnsafeBufferPointer { input in
            [UInt8](unsafeUninitializedCapacity: capacity) { output, count in
                stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.pointee.avail_in = UInt32(input.count)
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(capacity)
                status = deflate(stream, Z_FULL_FLUSH)
                leftIn = stream.pointee.avail_in
                count = capacity - Int(stream.pointee.avail_out)
            }
        }
        guard status == Z_OK, leftIn == 0, bytes.count < capacity else { throw Self.failure("deflate") }
        let stored = raw.count + (raw.count / 65_535 + 1) * 5
        return bytes.count < stored ? bytes : Self.stored(raw)
    }

    /// Compresses a sample: media and archives cost most of the time and gain nothing.
    private func looksRandom(_ raw: [UInt8]) -> Bool {
        guard raw.count >= 16 << 10 else { return false }
        var seen = [UInt32](repeating: 0, count: 256)
        for index in stride(from: 0, to: raw.count, by: raw.count / 4096) { seen[Int(raw[index])] += 1 }
        // 4096 random bytes meet each value 16 times; a text or a table meets some hundreds of times.
        return seen.allSatisfy { $0 > 0 && $0 < 48 }
    }

    /// Stored blocks (RFC 1951, 3.2.4), none of them final.
    static func stored(_ raw: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(raw.count + (raw.count / 65_535 + 1) * 5)
        var start = 0
        while start < raw.count {
            let count = min(65_535, raw.count - start)
            let length = UInt16(count)
            bytes += [
                0, UInt8(length & 0xFF), UInt8(length >> 8), UInt8(~length & 0xFF), UInt8((~length >> 8) & 0xFF),
            ]
            bytes += raw[start..<start + count]
            start += count
        }
        return bytes
    }

    private static func failure(_ step: String) -> ArchiveError {
        ArchiveError(.system, "zlib's \(step) failed on a region; this is a defect: please report it")
    }
}
