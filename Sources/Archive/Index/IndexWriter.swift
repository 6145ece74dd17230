internal import CArchive
internal import CZlib
internal import Synchronization
internal import SystemPackage

/// Writes the advisory index of an archive: gzipped JSON lines, entries and regions as they come
/// (docs/snapshot-format.md).
///
/// Two threads use it at a time: the scanner's for entries, the writer's for regions.
final class IndexWriter: Sendable {
    private let file: Mutex<GzipLines>

    /// - Parameter output: an empty file; stays the caller's.
    init(output: FileDescriptor, name: String) throws(ArchiveError) {
        let lines = try GzipLines(output: output, name: name)
        try lines.write(#"{"picjobs_index":1}"#)
        file = Mutex(lines)
    }

    func entry(_ entry: TarEntry, digest: SHA256Digest?) throws(ArchiveError) {
        let line = IndexLine.text(entry, digest: digest)
        try file.withLock { file throws(ArchiveError) in try file.write(line) }
    }

    func region(_ region: CompressedRegion, rawOffset: UInt64, offset: UInt64) throws(ArchiveError) {
        let line =
            #"{"region":{"raw_offset":\#(rawOffset),"raw_size":\#(region.rawCount),"offset":\#(offset),"#
            + #""size":\#(region.bytes.count),"raw_sha256":"\#(region.rawDigest.hex)","sha256":"\#(region.digest.hex)"}}"#
        try file.withLock { file throws(ArchiveError) in try file.write(line) }
    }

    /// Completes the file; returns its SHA-256.
    func finish() throws(ArchiveError) -> SHA256Digest {
        try file.withLock { file throws(ArchiveError) in
            try file.write(#"{"end":true}"#)
            return try file.finish()
        }
    }
}

/// Lines of text through one zlib stream to a file.
private final class GzipLines {
    private let output: FileDescriptor
    private let name: String
    // Heap memory, because deflate keeps a pointer to the stream.
    private let stream: UnsafeMutablePointer<z_stream>
    private var waiting: [UInt8] = []
    private var hash = SHA256()

    init(output: FileDescriptor, name: String) throws(ArchiveError) {
        self.output = output
        self.name = name
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard carchive_deflate_init_gzip(stream, 6) == Z_OK else {
            throw ArchiveError(.system, "zlib cannot start a compressor: out of memory; free some memory and try again")
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    func write(_ line: String) throws(ArchiveError) {
        waiting += line.utf8
        waiting.append(0x0A)
        if waiting.count >= 64 << 10 { try flush(Z_NO_FLUSH) }
    }

    func finish() throws(ArchiveError) -> SHA256Digest {
        try flush(Z_FINISH)
        return hash.finish()
    }

    private func flush(_ mode: Int32) throws(ArchiveError) {
        let input = waiting
        waiting.removeAll(keepingCapacity: true)
        var pieces: [UInt8] = []
        var status = Z_OK
        input.withUnsafeBufferPointer { bytes in
            stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
            stream.pointee.avail_in = UInt32(bytes.count)
            repeat {
                pieces += [UInt8](unsafeUninitializedCapacity: 32 << 10) { buffer, count in
                    stream.pointee.next_out = buffer.baseAddress
                    stream.pointee.avail_out = UInt32(buffer.count)
                    status = deflate(stream, mode)
                    count = buffer.count - Int(stream.pointee.avail_out)
                }
            } while stream.pointee.avail_out == 0
        }
        guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
            throw ArchiveError(.system, "zlib failed on \(name); this is a defect: please report it")
        }
        hash.update(pieces)
        try DescriptorIO.write(pieces, to: output, name)
    }
}
