/// Whether a `snapshot.json` is the cell's own and untouched.
public enum SnapshotAuthenticity: Sendable, Equatable {
    /// The code is right for this cell's key.
    case authentic
    /// There is no key here to check with.
    case missingKey
    /// Sealed with another key, whose id this is; it can't be checked here.
    case foreignKey(String)
    /// The code is wrong for the key it names, or not there exactly once: never accepted.
    case wrong
}

/// The authentication of `snapshot.json`: HMAC-SHA256 over the file's exact bytes, the code's own 64 digits as zeros.
public enum SnapshotSeal {
    /// Judges the exact bytes of a `snapshot.json`; compares in constant time.
    ///
    /// Nobody without the key can make bytes that are `authentic`. An attacker can always make an authentic file look
    /// `foreignKey` by editing `key_id`, which is why that needs the same explicit acceptance as `missingKey`.
    public static func check(
        _ bytes: [UInt8], _ document: SnapshotDocument, key: SnapshotKey?
    ) -> SnapshotAuthenticity {
        guard let field = field(in: bytes), let authentication = document.authentication,
            SHA256Digest(hex: String(decoding: bytes[field], as: UTF8.self)) == authentication.hmacSHA256
        else { return .wrong }
        guard let key else { return .missingKey }
        guard authentication.keyID == key.id else { return .foreignKey(authentication.keyID) }
        var zeroed = bytes
        zeroed.replaceSubrange(field, with: repeatElement(UInt8(ascii: "0"), count: field.count))
        return HMACSHA256.equal(key.authenticate(zeroed), authentication.hmacSHA256) ? .authentic : .wrong
    }

    /// Where the code's 64 hex digits stand: the value of the one `"hmac_sha256"` key; nil unless there is exactly one.
    ///
    /// A quote inside a JSON string is escaped, so that no string can hold the quoted key; a string that *is* it has no colon behind it.
    static func field(in bytes: [UInt8]) -> Range<Int>? {
        let key = Array("\"hmac_sha256\"".utf8)
        var found: Range<Int>?
        var index = 0
        while index + key.count <= bytes.count {
            guard bytes[index] == key[0], bytes[index..<index + key.count].elementsEqual(key) else {
                index += 1
                continue
            }
            index += key.count
            guard let colon = skipBlanks(bytes, index), bytes[colon] == UInt8(ascii: ":") else { continue }
            guard found == nil, let value = value(in: bytes, after: colon + 1) else { return nil }
            found = value
        }
        return found
    }

    /// The 64 hex digits between the quotes that come next.
    private static func value(in bytes: [UInt8], after end: Int) -> Range<Int>? {
        let quote = UInt8(ascii: "\"")
        guard let index = skipBlanks(bytes, end), index + 66 <= bytes.count, bytes[index] == quote,
            bytes[index + 65] == quote
        else { return nil }
        let range = index + 1..<index + 65
        return Hex.decode(String(decoding: bytes[range], as: UTF8.self)) == nil ? nil : range
    }

    /// The next byte that is no JSON white space; nil at the end.
    private static func skipBlanks(_ bytes: [UInt8], _ start: Int) -> Int? {
        bytes[start...].firstIndex { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }
    }
}
