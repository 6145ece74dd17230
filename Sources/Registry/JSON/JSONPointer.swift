/// A place in a JSON document (RFC 6901), e.g. `/backup/volumes/0/path`.
public struct JSONPointer: Sendable, Hashable {
    /// One level: a member's key or an element's index from 0.
    public enum Step: Sendable, Hashable {
        case key(String)
        case index(Int)
    }

    /// The levels from the outermost to the innermost.
    public var steps: [Step]

    /// The whole document when `steps` is empty.
    public init(_ steps: [Step] = []) {
        self.steps = steps
    }

    /// The place of a member of the object at this place.
    public func appending(_ key: String) -> JSONPointer { JSONPointer(steps + [.key(key)]) }

    /// The place of an element, counted from 0, of the array at this place.
    public func appending(_ index: Int) -> JSONPointer { JSONPointer(steps + [.index(index)]) }

    /// The pointer as RFC 6901 has it, for programs: `~` and `/` of keys escaped, nothing shortened.
    public var text: String {
        // By bytes: a "/" with a combining mark behind it is one Character, but still a "/" for a program.
        let bytes = steps.reduce(into: [UInt8]()) { bytes, step in
            bytes.append(UInt8(ascii: "/"))
            switch step {
            case .index(let index): bytes += Array(String(index).utf8)
            case .key(let key):
                for byte in key.utf8 {
                    switch byte {
                    case UInt8(ascii: "~"): bytes += Array("~0".utf8)
                    case UInt8(ascii: "/"): bytes += Array("~1".utf8)
                    default: bytes.append(byte)
                    }
                }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension JSONPointer: CustomStringConvertible {
    /// The pointer's text, safe for a terminal (keys end after 80 scalars); empty for the whole document.
    public var description: String {
        var text = ""
        for step in steps {
            text += "/"
            switch step {
            case .index(let index): text += String(index)
            case .key(let key):
                inside: for (count, scalar) in key.unicodeScalars.enumerated() {
                    if count == 80 {
                        text += "…"
                        break inside
                    }
                    switch scalar {
                    case "~": text += "~0"
                    case "/": text += "~1"
                    default: text += shown(scalar)
                    }
                }
            }
        }
        return text
    }
}
