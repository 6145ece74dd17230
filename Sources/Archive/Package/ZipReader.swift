/// Reads a whole ZIP file in memory by its central directory, and insists that a reader of the local headers would see
/// the same (rule 15 of docs/archives.md). Refuses whatever two readers could understand differently.
struct ZipReader {
    private let bytes: [UInt8]
    private let limits: Limits

    /// What a file may have at most.
    struct Limits {
        var entries = 16
        /// Bytes of the file, and of all contents together.
        var packed = 1 << 20
        var unpacked = 1 << 20
    }

    /// The contents by name, in the order of the directory.
    static func read(_ bytes: [UInt8], limits: Limits = Limits()) throws(ArchiveError) -> [(
        name: String, data: [UInt8]
    )] {
        let reader = ZipReader(bytes: bytes, limits: limits)
        guard bytes.count <= limits.packed else {
            throw reader.refusal(.zipSize, at: 0, "the file has \(bytes.count) bytes; \(limits.packed) are allowed")
        }
        let (entries, directory) = try reader.directory()
        let total = entries.reduce(0) { $0 + Int($1.header.size) }
        guard total <= limits.unpacked else {
            throw reader.refusal(
                .zipSize, at: directory, "the entries have \(total) bytes unpacked; \(limits.unpacked) are allowed")
        }
        var contents: [(String, [UInt8])] = []
        for (entry, data) in try reader.layOut(entries, until: directory) {
            contents.append((String(decoding: entry.header.name, as: UTF8.self), try reader.unpack(entry, data)))
        }
        return contents
    }

    private func refusal(_ rule: Rule, at offset: Int, of entry: ZipEntry? = nil, _ message: String) -> ArchiveError {
        ArchiveError(
            violation: Violation(rule, at: UInt64(clamping: max(offset, 0)), entry: entry?.shown, message))
    }

    /// The entries, and where the central directory begins.
    ///
    /// The end record stands exactly at the end, so that nobody who searches for it finds another one.
    private func directory() throws(ArchiveError) -> ([ZipEntry], Int) {
        let place = bytes.count - ZipFormat.endSize
        var cursor = ZipCursor(bytes[max(place, 0)...])
        guard place >= 0, cursor.number32() == ZipFormat.endSignature else {
            throw refusal(
                .zipEnd, at: place, "no end record stands at the end of the file: it is cut, no ZIP, or has a comment")
        }
        guard let disk = cursor.number16(), let firstDisk = cursor.number16(), let here = cursor.number16(),
            let count = cursor.number16(), let size = cursor.number32(), let start = cursor.number32(),
            let comment = cursor.number16()
        else { throw refusal(.zipEnd, at: place, "the end record is cut") }
        guard disk == 0, firstDisk == 0, here == count, comment == 0 else {
            throw refusal(.zipEnd, at: place, "the end record tells of several disks or of a comment")
        }
        guard count <= limits.entries else {
            throw refusal(.zipEntries, at: place, "there are \(count) entries; \(limits.entries) are allowed")
        }
        guard Int(start) + Int(size) == place else {
            throw refusal(.zipDirectory, at: place, "the central directory does not end where the end record begins")
        }
        var directory = ZipCursor(bytes[Int(start)..<place])
        var entries: [ZipEntry] = []
        for _ in 0..<count { entries.append(try entry(&directory)) }
        guard directory.isAtEnd else {
            throw refusal(
                .zipDirectory, at: directory.position, "the central directory holds more than its \(count) entries")
        }
        return (entries, Int(start))
    }

    private func entry(_ cursor: inout ZipCursor) throws(ArchiveError) -> ZipEntry {
        let place = cursor.position
        guard cursor.number32() == ZipFormat.centralSignature, cursor.number16() != nil,
            let (read, nameCount, extraCount) = ZipHeader.read(&cursor), let commentCount = cursor.number16(),
            let disk = cursor.number16(), cursor.number16() != nil, let attributes = cursor.number32(),
            let offset = cursor.number32(), let name = cursor.take(nameCount), let extra = cursor.take(extraCount)
        else { throw refusal(.zipDirectory, at: place, "the central directory is damaged here") }
        var header = read
        header.name = Array(name)
        let entry = ZipEntry(header: header, offset: Int(offset), attributes: attributes)
        guard commentCount == 0, disk == 0 else {
            throw refusal(.zipDirectory, at: place, of: entry, "has a comment, or lies on another disk")
        }
        try check(entry, at: place)
        try check(extra, of: entry)
        return entry
    }

    private func check(_ entry: ZipEntry, at place: Int) throws(ArchiveError) {
        let header = entry.header
        let isPlain = header.name.allSatisfy { byte in
            ZipFormat.isAlphanumeric(byte) || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-")].contains(byte)
        }
        guard isPlain, !header.name.isEmpty else {
            throw refusal(
                .zipName, at: place, of: entry, "the name has other signs than letters, digits, \".\", \"_\", \"-\"")
        }
        guard entry.isRegular else { throw refusal(.zipType, at: place, of: entry, "is no regular file") }
        guard header.flags & ~(ZipFormat.harmlessFlags | ZipFormat.descriptorFlag) == 0,
            header.version <= ZipFormat.version, header.packedSize != .max, header.size != .max
        else {
            throw refusal(
                .zipMethod, at: place, of: entry, "is encrypted, a zip64 entry, or needs a newer version than 2.0")
        }
        guard header.method == ZipFormat.stored || header.method == ZipFormat.deflated else {
            throw refusal(.zipMethod, at: place, of: entry, "is neither stored nor deflated")
        }
        guard header.method == ZipFormat.deflated || (header.packedSize == header.size && !header.hasDescriptor) else {
            // Without the directory nobody could tell where it ends.
            throw refusal(.zipMethod, at: place, of: entry, "is stored with two sizes, or with its size behind it")
        }
    }

    /// Extra fields: whole, and of the harmless kinds.
    private func check(_ extra: ArraySlice<UInt8>, of entry: ZipEntry) throws(ArchiveError) {
        var cursor = ZipCursor(extra)
        while !cursor.isAtEnd {
            let place = cursor.position
            guard let id = cursor.number16(), let count = cursor.number16(), cursor.take(Int(count)) != nil else {
                throw refusal(.zipExtra, at: place, of: entry, "has an extra field that is cut")
            }
            guard ZipFormat.harmlessExtras.contains(id) else {
                throw refusal(
                    .zipExtra, at: place, of: entry,
                    "has the extra field 0x\(String(id, radix: 16)), which is not allowed")
            }
        }
    }

    /// Each entry's packed bytes: from the first byte on, one behind the other, up to the central directory.
    private func layOut(
        _ entries: [ZipEntry], until directory: Int
    ) throws(ArchiveError) -> [(entry: ZipEntry, data: ArraySlice<UInt8>)] {
        var names: Set<[UInt8]> = []
        for entry in entries where !names.insert(entry.header.name).inserted {
            throw refusal(.zipName, at: entry.offset, of: entry, "stands in the file twice")
        }
        var cursor = ZipCursor(bytes[..<directory])
        var result: [(ZipEntry, ArraySlice<UInt8>)] = []
        for entry in entries.sorted(by: { $0.offset < $1.offset }) {
            let place = cursor.position
            guard entry.offset == place else {
                throw refusal(
                    .zipLayout, at: place, of: entry,
                    "begins at byte \(entry.offset), so entries overlap, or bytes belong to none of them")
            }
            result.append((entry, try body(of: entry, &cursor)))
        }
        guard cursor.isAtEnd else {
            throw refusal(.zipLayout, at: cursor.position, "bytes between the entries and the directory belong to none")
        }
        return result
    }

    private func body(of entry: ZipEntry, _ cursor: inout ZipCursor) throws(ArchiveError) -> ArraySlice<UInt8> {
        let place = cursor.position
        guard cursor.number32() == ZipFormat.localSignature,
            let (read, nameCount, extraCount) = ZipHeader.read(&cursor),
            let name = cursor.take(nameCount), let extra = cursor.take(extraCount)
        else { throw refusal(.zipLocal, at: place, of: entry, "has no local header here") }
        var header = read
        header.name = Array(name)
        guard header.agrees(with: entry.header) else {
            throw refusal(
                .zipLocal, at: place, of: entry, "says something else in its local header than in the directory")
        }
        try check(extra, of: entry)
        guard let data = cursor.take(Int(entry.header.packedSize)) else {
            throw refusal(.zipLayout, at: cursor.position, of: entry, "reaches into the central directory")
        }
        if header.hasDescriptor { try descriptor(of: entry.header, entry, &cursor) }
        return data
    }

    private func unpack(_ entry: ZipEntry, _ packed: ArraySlice<UInt8>) throws(ArchiveError) -> [UInt8] {
        let header = entry.header
        let content =
            header.method == ZipFormat.stored ? Array(packed) : RawInflater.inflate(packed, count: Int(header.size))
        guard let content else {
            throw refusal(
                .zipData, at: packed.startIndex, of: entry, "is no deflate stream of exactly \(header.size) bytes")
        }
        guard RawInflater.checksum(content) == header.crc else {
            throw refusal(.zipCRC, at: packed.startIndex, of: entry, "has not the content that its CRC-32 is of")
        }
        return content
    }

    /// CRC and sizes behind the data, with or without the signature that most writers put first. A CRC may look like
    /// the signature: the fields decide.
    private func descriptor(
        of header: ZipHeader, _ entry: ZipEntry, _ cursor: inout ZipCursor
    ) throws(ArchiveError) {
        let fields = [header.crc, header.packedSize, header.size].flatMap(GzipFormat.littleEndian)
        for wanted in [GzipFormat.littleEndian(ZipFormat.descriptorSignature) + fields, fields] {
            var attempt = cursor
            if attempt.take(wanted.count)?.elementsEqual(wanted) == true {
                cursor = attempt
                return
            }
        }
        throw refusal(
            .zipLocal, at: cursor.position, of: entry, "says something else behind its data than in the directory")
    }
}

extension ZipFormat {
    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || (0x30...0x39).contains(byte)
    }
}
