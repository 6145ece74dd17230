/// Byte classes for trust edges. Never a regular expression: there `$` lets a trailing newline pass and `\d` digits of
/// other scripts.
enum ASCII {
    static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    static func isLower(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") }

    static func isLetter(_ byte: UInt8) -> Bool { isLower(byte | 0x20) }

    static func isAlphanumeric(_ byte: UInt8) -> Bool { isLetter(byte) || isDigit(byte) }

    /// True when `text` has 1 to `longest` bytes, its first passes `first` and every other one passes `rest`.
    static func matches(
        _ text: String, longest: Int, first: (UInt8) -> Bool, rest: (UInt8) -> Bool
    ) -> Bool {
        let bytes = text.utf8
        guard let head = bytes.first, bytes.count <= longest, first(head) else { return false }
        return bytes.dropFirst().allSatisfy(rest)
    }

    /// The text with A–Z as a–z; other bytes stay.
    static func lowercased(_ text: String) -> String {
        String(decoding: text.utf8.map { $0 >= 0x41 && $0 <= 0x5a ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}
