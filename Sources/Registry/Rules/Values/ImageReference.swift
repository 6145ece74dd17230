/// An image of the store: `git.pic.ngo/roof/NAME` with `:TAG`, `@sha256:DIGEST`, or both.
public struct ImageReference: CheckedText {
    /// The text itself.
    public let rawValue: String

    /// Where all images come from.
    public static let home = "git.pic.ngo/roof/"

    /// Checks the text byte by byte; nil when it breaks the rule.
    public init?(rawValue: String) {
        guard rawValue.utf8.starts(with: Self.home.utf8) else { return nil }
        var name = rawValue.utf8.dropFirst(Self.home.utf8.count)
        var isPinned = false
        if let at = name.firstIndex(of: UInt8(ascii: "@")) {
            guard Self.isDigest(name[name.index(after: at)...]) else { return nil }
            name = name[..<at]
            isPinned = true
        }
        if let colon = name.firstIndex(of: UInt8(ascii: ":")) {
            guard Self.isTag(name[name.index(after: colon)...]) else { return nil }
            name = name[..<colon]
            isPinned = true
        }
        guard isPinned, Self.isName(name) else { return nil }
        self.rawValue = rawValue
    }

    /// The rule in words, for error sentences.
    public static var rule: String {
        "an image of the store; use git.pic.ngo/roof/NAME with :TAG, @sha256:DIGEST or both, such as "
            + "\"git.pic.ngo/roof/pic-notes:1.0.0\""
    }

    /// One component: words of lower-case letters and digits, with `.`, `_`, `__` or any number of `-` between two.
    private static func isName(_ name: Substring.UTF8View) -> Bool {
        guard let first = name.first, let last = name.last, name.count <= 128, isWord(first), isWord(last) else {
            return false
        }
        return name.split(whereSeparator: isWord).allSatisfy { mark in
            mark.elementsEqual(".".utf8) || mark.elementsEqual("_".utf8) || mark.elementsEqual("__".utf8)
                || mark.allSatisfy { $0 == UInt8(ascii: "-") }
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool { ASCII.isLower(byte) || ASCII.isDigit(byte) }

    private static func isTag(_ tag: Substring.UTF8View) -> Bool {
        let marks = Array("._-".utf8)
        guard let first = tag.first, tag.count <= 128, ASCII.isAlphanumeric(first) || first == UInt8(ascii: "_") else {
            return false
        }
        return tag.allSatisfy { ASCII.isAlphanumeric($0) || marks.contains($0) }
    }

    private static func isDigest(_ digest: Substring.UTF8View) -> Bool {
        let prefix = "sha256:".utf8
        return digest.starts(with: prefix) && digest.count == prefix.count + 64
            && digest.dropFirst(prefix.count).allSatisfy { ASCII.isDigit($0) || (0x61...0x66).contains($0) }
    }
}
