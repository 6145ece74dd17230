/// A command written as one text, taken apart as a POSIX shell would. It is done before variables are replaced, so that
/// a value stays one word whatever it holds.
enum CommandWords {
    /// The words; nil when a quote is not closed or the text ends with a backslash.
    static func split(_ text: String) -> [String]? {
        var words: [String] = []
        var word: [UInt8]?
        var bytes = text.utf8.makeIterator()
        while let byte = bytes.next() {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                if let ended = word { words.append(String(decoding: ended, as: UTF8.self)) }
                word = nil
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                guard let inside = quotedPart(byte, &bytes) else { return nil }
                word = (word ?? []) + inside
            case UInt8(ascii: "\\"):
                guard let escaped = bytes.next() else { return nil }
                word = (word ?? []) + [escaped]
            default:
                word = (word ?? []) + [byte]
            }
        }
        if let ended = word { words.append(String(decoding: ended, as: UTF8.self)) }
        return words
    }

    /// What stands up to the closing quote; in double quotes a backslash escapes itself and the quote.
    private static func quotedPart(_ quote: UInt8, _ bytes: inout String.UTF8View.Iterator) -> [UInt8]? {
        let backslash = UInt8(ascii: "\\")
        var part: [UInt8] = []
        while let byte = bytes.next() {
            if byte == quote { return part }
            guard byte == backslash, quote == UInt8(ascii: "\"") else {
                part.append(byte)
                continue
            }
            guard let escaped = bytes.next() else { return nil }
            if escaped != backslash, escaped != quote { part.append(backslash) }
            part.append(escaped)
        }
        return nil
    }
}
