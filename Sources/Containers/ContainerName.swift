/// The checked name of a container: ASCII bytes matching `^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$`.
public struct ContainerName: Sendable, Hashable, CustomStringConvertible {
    /// The name as Docker knows it, 1–64 ASCII bytes.
    public let text: String

    /// Checks the bytes of a name; `nil` for anything that could be an option, a path, or is not ASCII.
    public init?(_ text: String) {
        // Bytes, not a regular expression: `$` accepts a trailing newline and `\d` digits of other scripts.
        let bytes = text.utf8
        guard let first = bytes.first, bytes.count <= 64, Self.isAlphanumeric(first),
            bytes.dropFirst().allSatisfy({ Self.isAlphanumeric($0) || Self.punctuation.contains($0) })
        else { return nil }
        self.text = text
    }

    /// Stands for the engine itself in messages, where no container is meant.
    static let engine = ContainerName(checked: "engine")

    private init(checked text: String) { self.text = text }

    /// The name itself.
    public var description: String { text }

    private static let punctuation: [UInt8] = [UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-")]

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
