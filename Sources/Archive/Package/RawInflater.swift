internal import CArchive
internal import CZlib

/// Inflates one raw deflate stream (RFC 1951) that lies in memory as a whole.
enum RawInflater {
    /// The content, when the stream ends with the last of the bytes and holds exactly `count` bytes; nil otherwise.
    ///
    /// Never more than one byte above `count` is written, whatever the stream would hold.
    static func inflate(_ packed: ArraySlice<UInt8>, count: Int) -> [UInt8]? {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        defer { stream.deallocate() }
        guard carchive_inflate_init_raw(stream) == Z_OK else { return nil }
        defer { inflateEnd(stream) }
        // One byte more, because a full buffer does not show whether the stream has ended.
        var content = [UInt8](repeating: 0, count: count + 1)
        let status = packed.withUnsafeBufferPointer { input in
            content.withUnsafeMutableBufferPointer { output in
                stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.pointee.avail_in = UInt32(clamping: input.count)
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(clamping: output.count)
                return CZlib.inflate(stream, Z_FINISH)
            }
        }
        guard status == Z_STREAM_END, stream.pointee.avail_in == 0, stream.pointee.avail_out == 1 else { return nil }
        content.removeLast()
        return content
    }

    /// CRC-32 as ZIP and gzip have it.
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBufferPointer {
            UInt32(truncatingIfNeeded: crc32(0, $0.baseAddress, UInt32(clamping: $0.count)))
        }
    }
}
