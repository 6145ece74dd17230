/// One 512-byte header block (POSIX.1-1988 ustar, GNU tar's variant), read field by field and strictly.
struct TarHeader {
    enum Dialect { case ustar, gnu, v7 }

    let dialect: Dialect
    let type: UInt8
    /// Prefix and name joined, NUL removed.
    let name: [UInt8]
    let linkName: [UInt8]
    let mode: UInt32
    let uid: UInt64
    let gid: UInt64
    let size: UInt64
    let modified: Int64
    let deviceMajor: UInt64
    let deviceMinor: UInt64

    static let blockSize = 512

    /// - Parameter block: exactly 512 bytes, not all zero.
    /// - Throws: the broken rule; the caller adds the place.
    init(_ block: [UInt8], allowV7: Bool) throws(BrokenRule) {
        try Self.verifyChecksum(block)
        dialect = try Self.dialect(block, allowV7: allowV7)
        type = block[156]
        let ownName = try Self.text(block, 0, 100, "name")
        linkName = try Self.text(block, 157, 100, "link name")
        if dialect == .ustar, block[345] != 0 {
            name = try Self.text(block, 345, 155, "name prefix") + [UInt8(ascii: "/")] + ownName
        } else {
            name = ownName
        }
        if dialect == .gnu, type != UInt8(ascii: "S"), block[345..<500].contains(where: { $0 != 0 }) {
            throw BrokenRule(.tarMagic, "a GNU header has bytes where other readers look for a name prefix")
        }
        mode = UInt32(truncatingIfNeeded: try Self.number(block, 100, 8, "mode")) & 0o7777
        uid = try Self.number(block, 108, 8, "uid", blank: 0)
        gid = try Self.number(block, 116, 8, "gid", blank: 0)
        size = try Self.number(block, 124, 12, "size")
        modified = try Self.signedNumber(block, 136, 12, "mtime")
        let isDevice = type == UInt8(ascii: "3") || type == UInt8(ascii: "4")
        deviceMajor = isDevice ? try Self.number(block, 329, 8, "device major", blank: 0) : 0
        deviceMinor = isDevice ? try Self.number(block, 337, 8, "device minor", blank: 0) : 0
    }

    private static func verifyChecksum(_ block: [UInt8]) throws(BrokenRule) {
        var sum = 0
        block.withUnsafeBufferPointer { bytes in
            for byte in bytes { sum += Int(byte) }
        }
        for index in 148..<156 { sum += 0x20 - Int(block[index]) }
        let recorded = try number(block, 148, 8, "checksum", rule: .tarChecksum)
        guard recorded == UInt64(sum) else {
            throw BrokenRule(.tarChecksum, "the header's checksum is \(recorded), its bytes add up to \(sum)")
        }
    }

    private static func dialect(_ block: [UInt8], allowV7: Bool) throws(BrokenRule) -> Dialect {
        let magic = block[257..<265]
        if magic.elementsEqual("ustar\0".utf8.map { $0 } + [0x30, 0x30]) { return .ustar }
        if magic.elementsEqual("ustar  \0".utf8) { return .gnu }
        if magic.allSatisfy({ $0 == 0 }) {
            if allowV7 { return .v7 }
            throw BrokenRule(
                .tarMagic,
                "the header has no magic: a tar of the form v7, which is read only where a snapshot records it; pack it "
                    + "again with --format=ustar")
        }
        throw BrokenRule(.tarMagic, "the header's magic \"\(ByteText.escape(magic))\" is neither ustar nor GNU tar")
    }

    /// Bytes up to the first NUL; bytes behind it would be another name to another reader.
    static func text(_ block: [UInt8], _ start: Int, _ length: Int, _ field: String) throws(BrokenRule) -> [UInt8] {
        let bytes = block[start..<start + length]
        guard let end = bytes.firstIndex(of: 0) else { return Array(bytes) }
        guard bytes[end...].allSatisfy({ $0 == 0 }) else {
            throw BrokenRule(.tarNameAfterNUL, "the \(field) field has bytes behind its NUL")
        }
        return Array(bytes[..<end])
    }

    /// An unsigned octal or base-256 number.
    ///
    /// - Parameter blank: what a field of only spaces and NULs means; nil refuses it.
    static func number(
        _ block: [UInt8], _ start: Int, _ length: Int, _ field: String, blank: UInt64? = nil, rule: Rule = .tarNumber
    ) throws(BrokenRule) -> UInt64 {
        if block[start] & 0x80 != 0 {
            let value = try base256(block, start, length, field)
            guard value >= 0 else { throw BrokenRule(.tarNumber, "the \(field) is negative") }
            return UInt64(value)
        }
        var value: UInt64 = 0
        var digits = 0
        var index = start
        let end = start + length
        while index < end, block[index] == 0x20 { index += 1 }
        while index < end, (0x30...0x37).contains(block[index]) {
            guard value >> 61 == 0 else { throw BrokenRule(rule, "the \(field) overflows") }
            value = value << 3 | UInt64(block[index] - 0x30)
            digits += 1
            index += 1
        }
        guard block[index..<end].allSatisfy({ $0 == 0 || $0 == 0x20 }) else {
            throw BrokenRule(rule, "the \(field) \"\(ByteText.escape(block[start..<end]))\" is no octal number")
        }
        if digits == 0 {
            guard let blank else { throw BrokenRule(rule, "the \(field) is blank") }
            return blank
        }
        return value
    }

    /// Like ``number(_:_:_:_:blank:rule:)``; base-256 may be negative (times before 1970).
    static func signedNumber(
        _ block: [UInt8], _ start: Int, _ length: Int, _ field: String
    ) throws(BrokenRule) -> Int64 {
        if block[start] & 0x80 != 0 { return try base256(block, start, length, field) }
        let value = try number(block, start, length, field, blank: 0)
        guard value <= UInt64(Int64.max) else { throw BrokenRule(.tarNumber, "the \(field) overflows") }
        return Int64(value)
    }

    /// Two's complement, big-endian, with the marker bit 0x80 taken off; the first byte is 0x80 or 0xff.
    private static func base256(
        _ block: [UInt8], _ start: Int, _ length: Int, _ field: String
    ) throws(BrokenRule) -> Int64 {
        let negative = block[start] == 0xFF
        guard negative || block[start] == 0x80 else { throw BrokenRule(.tarNumber, "the \(field) overflows") }
        let filler: UInt8 = negative ? 0xFF : 0
        let low = max(start + 1, start + length - 8)
        guard block[start + 1..<low].allSatisfy({ $0 == filler }) else {
            throw BrokenRule(.tarNumber, "the \(field) overflows")
        }
        var pattern: UInt64 = negative ? .max : 0
        for byte in block[low..<start + length] { pattern = pattern << 8 | UInt64(byte) }
        let value = Int64(bitPattern: pattern)
        guard (value < 0) == negative else { throw BrokenRule(.tarNumber, "the \(field) overflows") }
        return value
    }
}
