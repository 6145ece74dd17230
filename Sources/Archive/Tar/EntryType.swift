/// What an entry is; the raw value is the word that `archive list`, JSON and the index use.
public enum EntryType: String, Sendable, Hashable, CaseIterable {
    case file
    case directory
    case symlink
    /// Another name of an earlier entry that is not a directory; it has no content of its own.
    case hardlink
    case fifo
    case characterDevice = "char-device"
    case blockDevice = "block-device"

    /// The letter of `ls -l`; `h` for a hard link.
    public var letter: Character {
        switch self {
        case .file: "-"
        case .directory: "d"
        case .symlink: "l"
        case .hardlink: "h"
        case .fifo: "p"
        case .characterDevice: "c"
        case .blockDevice: "b"
        }
    }
}
