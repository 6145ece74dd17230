/// One thing wrong in one file, with its place.
public struct Fault: Sendable, Hashable {
    /// The file relative to the cell, e.g. `data/services/notes/manifest.json`.
    public let file: String
    /// The place in the file; empty for the file itself.
    public let pointer: JSONPointer
    /// What is wrong and what to do, without the place.
    public let message: String
    /// The rule that is broken (docs/rules.md for manifests); nil where the rules have no names.
    public let rule: RuleID?

    /// A fault in `file`, which is relative to the cell.
    public init(file: String, pointer: JSONPointer = JSONPointer(), _ message: String, rule: RuleID? = nil) {
        self.file = file
        self.pointer = pointer
        self.message = message
        self.rule = rule
    }

    /// One line for several faults: the first, and how many more there are.
    public static func summary(_ faults: [Fault]) -> String {
        guard let first = faults.first else { return "no fault" }
        return switch faults.count {
        case 1: first.description
        case 2: "\(first) (and 1 more fault)"
        default: "\(first) (and \(faults.count - 1) more faults)"
        }
    }
}

extension Fault: CustomStringConvertible {
    /// `data/services/notes/manifest.json: /backup/volumes/0/path: missing; give the absolute path inside the container`
    public var description: String {
        let place = pointer.description
        return place.isEmpty ? "\(file): \(message)" : "\(file): \(place): \(message)"
    }
}
