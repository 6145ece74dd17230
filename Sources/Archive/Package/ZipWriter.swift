/// Writes the one ZIP file that some contents have: sorted by name, stored, without times and owners.
///
/// Stored and not deflated, because what deflate makes depends on the version of zlib.
enum ZipWriter {
    /// One file to write.
    struct File {
        let name: String
        let data: [UInt8]
        /// The permissions that a tool which unpacks it gives the file.
        var mode: UInt32 = 0o644
    }

    /// 1980-01-01 00:00, the earliest date there is (APPNOTE.TXT, section 4.4.6).
    private static let date: UInt16 = 1 << 5 | 1
    /// Version 2.0, by a Unix: the high half of the attributes is a mode.
    private static let madeBy: UInt16 = 3 << 8 | ZipFormat.version

    static func write(_ files: [File]) -> [UInt8] {
        var bytes: [UInt8] = []
        var directory: [UInt8] = []
        for file in files.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
            let size = UInt32(clamping: file.data.count)
            let header = ZipHeader(
                version: ZipFormat.version, flags: 0, method: ZipFormat.stored, time: 0, date: date,
                crc: RawInflater.checksum(file.data), packedSize: size, size: size, name: Array(file.name.utf8))
            let offset = UInt32(clamping: bytes.count)
            bytes += GzipFormat.littleEndian(ZipFormat.localSignature) + header.serialized() + header.name + file.data
            directory += GzipFormat.littleEndian(ZipFormat.centralSignature) + ZipFormat.bytes(madeBy)
            directory += header.serialized()
            // No comment, the first disk, no internal attributes.
            directory += [UInt8](repeating: 0, count: 6)
            directory += GzipFormat.littleEndian((0o100000 | file.mode) << 16) + GzipFormat.littleEndian(offset)
            directory += header.name
        }
        let count = UInt16(clamping: files.count)
        var end = GzipFormat.littleEndian(ZipFormat.endSignature) + [0, 0, 0, 0]
        end += ZipFormat.bytes(count) + ZipFormat.bytes(count)
        end += GzipFormat.littleEndian(UInt32(clamping: directory.count))
        end += GzipFormat.littleEndian(UInt32(clamping: bytes.count)) + [0, 0]
        return bytes + directory + end
    }
}
