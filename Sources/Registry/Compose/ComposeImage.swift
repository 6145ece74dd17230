/// The images that a service may use: `git.pic.ngo/roof/NAME` with `:TAG`, `@sha256:DIGEST`, or both.
enum ComposeImage {
    private static let home = "git.pic.ngo/roof/"

    static func isAllowed(_ text: String) -> Bool {
        guard text.utf8.starts(with: home.utf8) else { return false }
        var rest = text.utf8.dropFirst(home.utf8.count)
        var isPinned = false
        if let at = rest.firstIndex(of: UInt8(ascii: "@")) {
            guard isDigest(rest[rest.index(after: at)...]) else { return false }
            rest = rest[..<at]
            isPinned = true
        }
        if let colon = rest.firstIndex(of: UInt8(ascii: ":")) {
            guard isTag(String(decoding: rest[rest.index(after: colon)...], as: UTF8.self)) else { return false }
            rest = rest[..<colon]
            isPinned = true
        }
        return isPinned && isName(Array(rest))
    }

    /// Lower-case letters and digits, with `.`, `_`, `__` or any number of `-` between them.
    private static func isName(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 128, isWord(first), isWord(last) else {
            return false
        }
        let runs = bytes.split(whereSeparator: isWord)
        return runs.allSatisfy { run in
            let text = String(decoding: run, as: UTF8.self)
            return [".", "_", "__"].contains(text) || run.allSatisfy { $0 == UInt8(ascii: "-") }
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool { ASCII.isLower(byte) || ASCII.isDigit(byte) }

    private static func isTag(_ text: String) -> Bool {
        func isWord(_ byte: UInt8) -> Bool { ASCII.isAlphanumeric(byte) || byte == UInt8(ascii: "_") }
        return ASCII.matches(text, longest: 128, first: isWord) { byte in
            isWord(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
        }
    }

    private static func isDigest(_ bytes: Substring.UTF8View) -> Bool {
        let prefix = "sha256:".utf8
        return bytes.starts(with: prefix) && bytes.count == prefix.count + 64
            && bytes.dropFirst(prefix.count).allSatisfy { byte in
                ASCII.isDigit(byte) || (0x61...0x66).contains(byte)
            }
    }
}
