/// One entry of an index as a JSON object, written by hand: a volume may have millions.
enum IndexLine {
    static func text(_ entry: TarEntry, digest: SHA256Digest?) -> String {
        var line = #"{"entry":{"# + bytes("path", entry.path.isRoot ? Array(".".utf8) : entry.path.bytes)
        line += #","type":"\#(entry.type.rawValue)","mode":\#(entry.mode),"uid":\#(entry.uid),"gid":\#(entry.gid)"#
        line += #","size":\#(entry.size),"mtime":"\#(entry.modified.paxText)","offset":\#(entry.offset)"#
        if let digest {
            line += entry.isDigestOfBlocks(.recorded) ? #","sha256_blocks":""# : #","sha256":""#
            line += digest.hex + "\""
        }
        if entry.type == .symlink { line += "," + bytes("target", entry.linkTarget) }
        if let target = entry.hardlinkTarget { line += "," + bytes("link", target.bytes) }
        if entry.type == .characterDevice || entry.type == .blockDevice {
            line += #","device":"\#(entry.device.major):\#(entry.device.minor)""#
        }
        if let attributes = attributesDigest(entry) { line += #","attributes":"\#(attributes.hex)""# }
        return line + "}}"
    }

    /// One digest stands for all extended attributes and ACLs: enough to see that they changed.
    private static func attributesDigest(_ entry: TarEntry) -> SHA256Digest? {
        guard !entry.xattrs.isEmpty || entry.accessACL != nil || entry.defaultACL != nil else { return nil }
        var hash = SHA256()
        hash.update(ModelDigest.attributes(entry, xattrs: true))
        return hash.finish()
    }

    /// `"key":"text"`, or `"key_hex":"…"` where the bytes are no UTF-8.
    static func bytes(_ key: String, _ bytes: [UInt8]) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return #""\#(key)_hex":"\#(Hex.encode(bytes))""#
        }
        var json = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": json += "\\\""
            case "\\": json += "\\\\"
            case "\u{0}"..<"\u{20}": json += "\\u00" + Hex.encode([UInt8(scalar.value)])
            default: json.unicodeScalars.append(scalar)
            }
        }
        return #""\#(key)":"\#(json)""#
    }
}
