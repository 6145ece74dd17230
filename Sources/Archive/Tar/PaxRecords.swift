/// The records of a pax extended header (POSIX.1-2001: `"%d %s=%s\n"`), only those that this program understands.
struct PaxRecords {
    var path: [UInt8]?
    var linkPath: [UInt8]?
    var size: UInt64?
    var uid: UInt64?
    var gid: UInt64?
    var modified: Timestamp?
    var xattrs: [ExtendedAttribute] = []
    var accessACL: [UInt8]?
    var defaultACL: [UInt8]?
    var sparseMajor: UInt64?
    var sparseMinor: UInt64?
    var sparseName: [UInt8]?
    var sparseRealSize: UInt64?
    /// More extended attributes than a restore may be asked for; the rest was understood.
    private(set) var excess: BrokenRule?
    private var attributeNames: Set<[UInt8]> = []

    /// Keys that say nothing a restore needs: names beside the numeric owners, access times, remarks.
    private static let ignored: Set<String> = [
        "atime", "ctime", "uname", "gname", "comment", "LIBARCHIVE.creationtime", "SCHILY.dev", "SCHILY.ino",
        "SCHILY.nlink",
    ]

    /// - Throws: `pax.malformed`, `pax.duplicate`, `pax.key`, `limit.header` or `sparse.map`.
    init(_ body: [UInt8]) throws(BrokenRule) {
        var seen: Set<[UInt8]> = []
        var plainBytes = 0
        var xattrBytes = 0
        let records = try Self.split(body)
        try Self.requireKnownForm(records)
        for record in records {
            guard seen.insert(Array(record.key)).inserted else {
                throw BrokenRule(.paxDuplicate, "the pax key \"\(ByteText.escape(record.key))\" appears twice")
            }
            if record.key.starts(with: AttributeKey.prefix) || record.key.starts(with: Self.aclPrefix) {
                xattrBytes += record.key.count + record.value.count
            } else {
                plainBytes += record.key.count + record.value.count
            }
            try take(record)
        }
        guard plainBytes <= 65_536 else {
            throw BrokenRule(.limitHeader, "the pax header has \(plainBytes) bytes, more than 65536")
        }
        if xattrBytes > 1_048_576 {
            excess = BrokenRule(.limitXattr, "the extended attributes have \(xattrBytes) bytes, more than 1048576")
        }
    }

    struct Record {
        let key: ArraySlice<UInt8>
        let value: ArraySlice<UInt8>
    }

    private static let aclPrefix = Array("SCHILY.acl.".utf8)

    /// Splits a body into its records; the lengths must add up to the body exactly.
    static func split(_ body: [UInt8]) throws(BrokenRule) -> [Record] {
        var records: [Record] = []
        var start = 0
        while start < body.count {
            let prefix = body[start..<min(start + 21, body.count)]
            guard let space = prefix.firstIndex(of: 0x20), let length = DecimalText.parse(body[start..<space]),
                body[start] != 0x30, length >= 5, length <= UInt64(body.count - start)
            else { throw BrokenRule(.paxMalformed, "a pax record's length is not a number that fits the header") }
            let end = start + Int(length)
            guard body[end - 1] == 0x0A, space + 1 < end - 1,
                let equals = body[space + 1..<end - 1].firstIndex(of: UInt8(ascii: "=")), equals > space + 1
            else { throw BrokenRule(.paxMalformed, "a pax record is not \"length key=value\\n\"") }
            records.append(Record(key: body[space + 1..<equals], value: body[equals + 1..<end - 1]))
            start = end
        }
        return records
    }

    /// The forms 0.0 and 0.1 of sparse files: their map stands in records, and readers of 1988 see another file.
    private static func requireKnownForm(_ records: [Record]) throws(BrokenRule) {
        func has(_ keys: String...) -> Bool {
            records.contains { record in keys.contains { record.key.elementsEqual("GNU.sparse.\($0)".utf8) } }
        }
        let form: String
        if has("map") {
            form = "0.1"
        } else if has("offset", "numbytes") {
            form = "0.0"
        } else if has("numblocks", "size") {
            form = "0.0 or 0.1"
        } else {
            return
        }
        throw BrokenRule(
            .sparseMap,
            "it is a sparse file in GNU tar's pax form \(form), and only form 1.0 is read: unpack it with GNU tar and "
                + "pack it again with --sparse-version=1.0")
    }

    private mutating func take(_ record: Record) throws(BrokenRule) {
        let key = String(decoding: record.key, as: UTF8.self)
        switch key {
        case "path": path = try Self.name(record, key)
        case "linkpath": linkPath = try Self.name(record, key)
        case "size": size = try Self.number(record, key)
        case "uid": uid = try Self.number(record, key)
        case "gid": gid = try Self.number(record, key)
        case "mtime":
            guard let time = Timestamp(pax: record.value) else { throw Self.malformed(record, key) }
            modified = time
        case "GNU.sparse.major": sparseMajor = try Self.number(record, key)
        case "GNU.sparse.minor": sparseMinor = try Self.number(record, key)
        case "GNU.sparse.realsize": sparseRealSize = try Self.number(record, key)
        case "GNU.sparse.name": sparseName = try Self.name(record, key)
        case "SCHILY.acl.access": accessACL = Array(record.value)
        case "SCHILY.acl.default": defaultACL = Array(record.value)
        case "hdrcharset":
            // Names are bytes here, so both ways of saying "as they are" change nothing.
            let value = String(decoding: record.value, as: UTF8.self)
            guard value == "BINARY" || value == "ISO-IR 10646 2000 UTF-8" else { throw Self.malformed(record, key) }
        case _ where record.key.starts(with: AttributeKey.prefix) && record.key.count > AttributeKey.prefix.count:
            let name = AttributeKey.decode(record.key.dropFirst(AttributeKey.prefix.count))
            guard !name.contains(0), name.count <= 255 else {
                throw BrokenRule(.paxMalformed, "an extended attribute's name is no name")
            }
            // `%25` and a lone `%` are the same byte: two keys may be one name.
            guard attributeNames.insert(name).inserted else {
                throw BrokenRule(.paxDuplicate, "the extended attribute \"\(ByteText.escape(name))\" appears twice")
            }
            xattrs.append(ExtendedAttribute(name: name, value: Array(record.value)))
        case _ where Self.ignored.contains(key): break
        default:
            throw BrokenRule(.paxKey, "the pax key \"\(ByteText.escape(record.key))\" is not one this program restores")
        }
    }

    private static func name(_ record: Record, _ key: String) throws(BrokenRule) -> [UInt8] {
        guard !record.value.isEmpty else { throw malformed(record, key) }
        guard !record.value.contains(0) else {
            throw BrokenRule(.nameNUL, "the pax value of \"\(key)\" holds a NUL byte")
        }
        return Array(record.value)
    }

    private static func number(_ record: Record, _ key: String) throws(BrokenRule) -> UInt64 {
        guard let number = DecimalText.parse(record.value), number <= UInt64(Int64.max) else {
            throw malformed(record, key)
        }
        return number
    }

    private static func malformed(_ record: Record, _ key: String) -> BrokenRule {
        BrokenRule(.paxMalformed, "the pax value \"\(ByteText.escape(record.value))\" is no value for \"\(key)\"")
    }
}
