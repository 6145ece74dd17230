/// The records of a ZIP file (APPNOTE.TXT 6.3, section 4.3), as far as store packages may have them.
enum ZipFormat {
    static let localSignature: UInt32 = 0x0403_4b50
    static let centralSignature: UInt32 = 0x0201_4b50
    static let endSignature: UInt32 = 0x0605_4b50
    static let descriptorSignature: UInt32 = 0x0807_4b50

    /// Bytes of the fixed parts.
    static let localSize = 30
    static let centralSize = 46
    static let endSize = 22

    static let stored: UInt16 = 0
    static let deflated: UInt16 = 8

    /// General purpose bit 3: size and CRC stand behind the data.
    static let descriptorFlag: UInt16 = 1 << 3
    /// What else may be set: the compressor's level (1, 2) and "the name is UTF-8" (11), which says nothing of ASCII.
    static let harmlessFlags: UInt16 = 1 << 1 | 1 << 2 | 1 << 11

    /// The highest "version needed": 2.0, deflate. Above it are zip64, encryption and other compressions.
    static let version: UInt16 = 20

    /// Extra fields that hold only times and owners: NTFS, UT, UX, Ux, ux. Others can give an entry another name,
    /// size or type than its header.
    static let harmlessExtras: Set<UInt16> = [0x000a, 0x5455, 0x5855, 0x7855, 0x7875]
}

/// Reads little-endian numbers, and knows where the bytes end.
struct ZipCursor {
    private let bytes: ArraySlice<UInt8>
    private(set) var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    var isAtEnd: Bool { position == bytes.endIndex }

    /// The next bytes; nil, and nothing is taken, when there are fewer.
    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count <= bytes.endIndex - position else { return nil }
        defer { position += count }
        return bytes[position..<position + count]
    }

    mutating func number16() -> UInt16? {
        take(2).map { UInt16(truncatingIfNeeded: GzipFormat.number($0)) }
    }

    mutating func number32() -> UInt32? { take(4).map { GzipFormat.number($0) } }
}
