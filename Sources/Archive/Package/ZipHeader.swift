/// What a local and a central header say about an entry, and must say alike.
struct ZipHeader: Equatable {
    var version: UInt16
    var flags: UInt16
    var method: UInt16
    var time: UInt16
    var date: UInt16
    var crc: UInt32
    var packedSize: UInt32
    var size: UInt32
    var name: [UInt8] = []

    /// Reads the ten fields that both kinds of headers have in this order; the lengths of name and extra come last.
    static func read(_ cursor: inout ZipCursor) -> (header: ZipHeader, nameCount: Int, extraCount: Int)? {
        guard let version = cursor.number16(), let flags = cursor.number16(), let method = cursor.number16(),
            let time = cursor.number16(), let date = cursor.number16(), let crc = cursor.number32(),
            let packedSize = cursor.number32(), let size = cursor.number32(), let nameCount = cursor.number16(),
            let extraCount = cursor.number16()
        else { return nil }
        let header = ZipHeader(
            version: version, flags: flags, method: method, time: time, date: date, crc: crc, packedSize: packedSize,
            size: size)
        return (header, Int(nameCount), Int(extraCount))
    }

    var hasDescriptor: Bool { flags & ZipFormat.descriptorFlag != 0 }

    /// Whether this local header says what the central one says; with a descriptor a 0 stands for what comes later.
    func agrees(with central: ZipHeader) -> Bool {
        var local = self
        if hasDescriptor {
            if local.crc == 0 { local.crc = central.crc }
            if local.packedSize == 0 { local.packedSize = central.packedSize }
            if local.size == 0 { local.size = central.size }
        }
        return local == central
    }

    func serialized(extraCount: UInt16 = 0) -> [UInt8] {
        [version, flags, method, time, date].flatMap(ZipFormat.bytes)
            + [crc, packedSize, size].flatMap(GzipFormat.littleEndian)
            + [UInt16(truncatingIfNeeded: name.count), extraCount].flatMap(ZipFormat.bytes)
    }
}

/// One entry of the central directory.
struct ZipEntry {
    let header: ZipHeader
    /// Where its local header begins.
    let offset: Int
    /// Its mode where a Unix made it (the high half of the external attributes), and MS-DOS attributes below.
    let attributes: UInt32

    /// How the name is shown.
    var shown: String { ByteText.escape(header.name) }

    /// Regular, as far as anybody says: links and directories have other types, MS-DOS marks directories and labels.
    var isRegular: Bool {
        let type = attributes >> 16 & 0o170000
        return (type == 0 || type == 0o100000) && attributes & 0x18 == 0
    }
}

extension ZipFormat {
    static func bytes(_ value: UInt16) -> [UInt8] {
        [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)]
    }
}
