/// Names that a store's manifest may give to things, each checked byte by byte.
enum StoreName {
    /// `cell-[a-z0-9][a-z0-9-]{0,30}`: a container (guide, appendix).
    static func isContainer(_ text: String) -> Bool {
        let prefix = "cell-"
        guard text.utf8.starts(with: prefix.utf8) else { return false }
        let plain = { (byte: UInt8) in ASCII.isLower(byte) || ASCII.isDigit(byte) }
        return ASCII.matches(
            String(decoding: text.utf8.dropFirst(prefix.utf8.count), as: UTF8.self), longest: 31, first: plain
        ) { plain($0) || $0 == UInt8(ascii: "-") }
    }

    /// `[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}`: a named volume. Docker takes all else for a path of the host.
    static func isVolume(_ text: String) -> Bool {
        let marks = Array("_.-".utf8)
        return ASCII.matches(text, longest: 128, first: ASCII.isAlphanumeric) {
            ASCII.isAlphanumeric($0) || marks.contains($0)
        }
    }

    /// `[A-Za-z][A-Za-z0-9_-]{0,62}`: a credential.
    static func isCredential(_ text: String) -> Bool {
        ASCII.matches(text, longest: 63, first: ASCII.isLetter) { byte in
            ASCII.isAlphanumeric(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
        }
    }

    /// `[A-Za-z][A-Za-z0-9_]{0,62}`: a configuration field.
    static func isKey(_ text: String) -> Bool {
        ASCII.matches(text, longest: 63, first: ASCII.isLetter) { ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: "_") }
    }

    /// `[A-Za-z_][A-Za-z0-9_]{0,63}`: an environment variable.
    static func isVariable(_ text: String) -> Bool {
        let first = { (byte: UInt8) in ASCII.isLetter(byte) || byte == UInt8(ascii: "_") }
        return ASCII.matches(text, longest: 64, first: first) { first($0) || ASCII.isDigit($0) }
    }

    /// `[A-Za-z0-9._@:/+\-= ]*`: an environment variable's value (guide, section 2).
    static func isValue(_ text: String) -> Bool {
        let marks = Array("._@:/+-= ".utf8)
        return text.utf8.allSatisfy { ASCII.isAlphanumeric($0) || marks.contains($0) }
    }
}
