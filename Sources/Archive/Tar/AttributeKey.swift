/// The pax key of an extended attribute: `SCHILY.xattr.` and its name, with the two bytes escaped that would end the key
/// early or read as an escape (GNU tar, xattr_encode_keyword): `=` is `%3D`, `%` is `%25`.
enum AttributeKey {
    static let prefix = Array("SCHILY.xattr.".utf8)

    static func encode(_ name: [UInt8]) -> [UInt8] {
        var key = prefix
        for byte in name {
            switch byte {
            case UInt8(ascii: "="): key += Array("%3D".utf8)
            case UInt8(ascii: "%"): key += Array("%25".utf8)
            default: key.append(byte)
            }
        }
        return key
    }

    /// - Parameter text: what follows the prefix; a `%` that begins neither escape stands for itself.
    static func decode(_ text: ArraySlice<UInt8>) -> [UInt8] {
        guard text.contains(UInt8(ascii: "%")) else { return Array(text) }
        var name: [UInt8] = []
        var rest = text
        while let byte = rest.first {
            if rest.starts(with: "%3D".utf8) {
                name.append(UInt8(ascii: "="))
                rest = rest.dropFirst(3)
            } else if rest.starts(with: "%25".utf8) {
                name.append(UInt8(ascii: "%"))
                rest = rest.dropFirst(3)
            } else {
                name.append(byte)
                rest = rest.dropFirst()
            }
        }
        return name
    }
}
