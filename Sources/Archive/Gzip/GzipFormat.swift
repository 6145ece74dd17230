/// The frame around the regions (RFC 1952).
enum GzipFormat {
    /// Magic, deflate, no flags, no time, no hints, unknown system: the same ten bytes on every run.
    static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]

    /// An empty final block, CRC-32 and length modulo 2³², little-endian.
    static func trailer(crc: UInt32, rawBytes: UInt64) -> [UInt8] {
        [0x03, 0x00] + littleEndian(crc) + littleEndian(UInt32(truncatingIfNeeded: rawBytes))
    }

    static func littleEndian(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
    }

    /// - Parameter bytes: exactly four.
    static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
}
