internal import Archive
internal import FoundationEssentials
internal import Registry

/// One line of `steps.jsonl` as bytes: the step's JSON with the format's number `v`, the step's domain, and a sum over
/// the bytes before it, so that no damaged byte passes for something else.
///
/// Lines without a number are those of the version before there was one (format 0): neither domain nor sum.
enum JournalLine {
    /// What this version writes.
    static let format = 1

    /// Why a line is not understood.
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    /// The step's line, ended by a line feed.
    static func bytes(of step: RunStep) throws -> [UInt8] {
        var line = try body(of: step)
        line.removeLast()
        line += Array(",\"domain\":\"\(step.domain.rawValue)\",\"v\":\(format)".utf8)
        line += end(of: line)
        // What could not be read back must not be relied upon.
        _ = try read(line)
        return line + [0x0A]
    }

    /// Reads a line, which has no line feed.
    static func read(_ line: [UInt8]) throws(Fault) -> RunStep {
        guard var members = parse(line) else {
            throw Fault(description: "its bytes are damaged: this is no JSON object")
        }
        let version = members["v"]
        let domain = members["domain"]
        if let version {
            guard version == .number("\(format)") else {
                throw Fault(
                    description: "its format is not known to this version; use the version of picjobs that wrote it")
            }
            let start = line.count - end(of: []).count
            guard start > 0, Array(line[start...]) == end(of: Array(line[..<start])) else {
                throw Fault(description: "its bytes are damaged: the sum at its end is another one")
            }
            for key in ["v", "domain", "sum"] { members[key] = nil }
        }
        let step: RunStep
        let again: [UInt8]
        do {
            step = try JSONDecoder().decode(RunStep.self, from: Data(line))
            again = try body(of: step)
        } catch {
            throw Fault(description: "a step or a value in it is not known to this version (\(Self.reason(error)))")
        }
        guard parse(again) == members else { throw Fault(description: "it has keys that this version does not know") }
        guard version == nil || domain == .string(step.domain.rawValue) else {
            throw Fault(description: "its domain is not that of the step \(step.step.rawValue)")
        }
        return step
    }

    private static func body(of step: RunStep) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(step))
    }

    private static func end(of bytes: [UInt8]) -> [UInt8] {
        Array(",\"sum\":\"\(SHA256.hash(bytes).hex.prefix(16))\"}".utf8)
    }

    private static func parse(_ bytes: [UInt8]) -> [String: JSONValue]? { JSONMembers.read(bytes) }

    static func reason(_ error: any Error) -> String {
        switch error as? DecodingError {
        case .keyNotFound(let key, _)?: "\(key.stringValue) is missing"
        case .typeMismatch(_, let context)?, .valueNotFound(_, let context)?, .dataCorrupted(let context)?:
            (context.codingPath.map(\.stringValue) + [context.debugDescription]).joined(separator: ": ")
        default: "\(error)"
        }
    }
}

/// The members of a JSON object, whatever their order in the file.
enum JSONMembers {
    /// Nil where this is no JSON object.
    static func read(_ bytes: [UInt8]) -> [String: JSONValue]? {
        do {
            guard let object = try JSONValue(parsing: bytes, file: "").object else { return nil }
            return members(object)
        } catch {
            return nil
        }
    }

    private static func members(_ object: JSONObject) -> [String: JSONValue] {
        Dictionary(object.members.map { ($0.key, sorted($0.value)) }, uniquingKeysWith: { first, _ in first })
    }

    private static func sorted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let elements): return .array(elements.map(sorted))
        case .object(let object):
            var result = JSONObject()
            for member in object.members.sorted(by: { $0.key < $1.key }) { result[member.key] = sorted(member.value) }
            return .object(result)
        default: return value
        }
    }
}
