/// An absolute directory inside a container, normalised: no empty and no `.` component, no slash at the end.
///
/// Refused: relative paths, `..`, NUL, more than 4095 bytes or 255 in a component; `/` itself, because a restore
/// exchanges everything below the path; `/proc`, `/sys` and `/dev` with all below, because the kernel owns what is there.
public struct ContainerPath: CheckedText {
    /// The normal form of the path.
    public let rawValue: String

    /// Checks the text byte by byte; nil when it breaks the rule.
    public init?(rawValue: String) {
        guard rawValue.utf8.first == UInt8(ascii: "/"), let components = PathText.components(rawValue),
            let top = components.first, !["proc", "sys", "dev"].contains(top)
        else { return nil }
        self.rawValue = "/" + components.joined(separator: "/")
    }

    /// The rule in words, for error sentences.
    public static var rule: String {
        "a path to back up; use an absolute path inside the container, without \"..\", not \"/\" and not below "
            + "/proc, /sys or /dev"
    }
}
