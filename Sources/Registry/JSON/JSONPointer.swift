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
