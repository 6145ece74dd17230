/// A path with wildcards, as `restore --path` takes it; compared byte by byte.
///
/// `*` is any run of bytes but a slash, `?` one byte but a slash, `[a-z]` one of these bytes and `[!a-z]` one of all
/// others, `**` as a whole component any number of components, also none. A backslash takes the next byte as it is. A
/// leading dot is a byte like others.
public struct PathPattern: Sendable {
    private enum Component: Sendable {
        case anyNumber
        case one([Token])
    }

    private enum Token: Sendable {
        case byte(UInt8)
        case any
        case run
        case set([ClosedRange<UInt8>], isNegated: Bool)

        func matches(_ byte: UInt8) -> Bool {
            switch self {
            case .byte(let own): own == byte
            case .any, .run: true
            case .set(let ranges, let isNegated): ranges.contains { $0.contains(byte) } != isNegated
            }
        }
    }

    private let components: [Component]

    /// Whether a path has anything that is special in a pattern.
    public static func isPattern(_ bytes: [UInt8]) -> Bool {
        bytes.contains { [UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "["), UInt8(ascii: "\\")].contains($0) }
    }

    /// Reads a pattern relative to the volume; nil where it is empty, has a `..` component or more than 4095 bytes.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count <= 4095, !bytes.contains(0) else { return nil }
        let dot = UInt8(ascii: ".")
        let parts = bytes.split(separator: UInt8(ascii: "/")).map(Array.init).filter { $0 != [dot] }
        guard !parts.isEmpty, parts.count <= 512, !parts.contains([dot, dot]) else { return nil }
        var components: [Component] = []
        for part in parts {
            if part == Array("**".utf8) {
                // Two of them are one.
                if case .anyNumber = components.last { continue }
                components.append(.anyNumber)
            } else {
                components.append(.one(Self.tokens(part)))
            }
        }
        self.components = components
    }

    /// Whether a path is one that the pattern names.
    public func matches(_ path: EntryPath) -> Bool {
        let names = path.components
        // Which components of the pattern may come next; the number of states is small.
        var states: Set<Int> = Self.closed([0], components)
        for name in names {
            var next: Set<Int> = []
            for state in states where state < components.count {
                switch components[state] {
                case .anyNumber: next.insert(state)
                case .one(let tokens): if Self.match(tokens, name) { next.insert(state + 1) }
                }
            }
            if next.isEmpty { return false }
            states = Self.closed(next, components)
        }
        return states.contains(components.count)
    }

    /// `**` may stand for nothing.
    private static func closed(_ states: Set<Int>, _ components: [Component]) -> Set<Int> {
        var all = states
        for state in states.sorted() {
            var state = state
            while state < components.count, case .anyNumber = components[state] {
                state += 1
                all.insert(state)
            }
        }
        return all
    }

    /// Back to the last `*` on a mismatch: never more than tokens times bytes.
    private static func match(_ tokens: [Token], _ name: [UInt8]) -> Bool {
        var token = 0
        var byte = 0
        var retry: (token: Int, byte: Int)?
        while byte < name.count {
            if token < tokens.count, case .run = tokens[token] {
                retry = (token + 1, byte)
                token += 1
            } else if token < tokens.count, tokens[token].matches(name[byte]) {
                token += 1
                byte += 1
            } else if let last = retry {
                retry = (last.token, last.byte + 1)
                (token, byte) = (last.token, last.byte + 1)
            } else {
                return false
            }
        }
        return tokens[token...].allSatisfy { if case .run = $0 { true } else { false } }
    }

    private static func tokens(_ part: [UInt8]) -> [Token] {
        var tokens: [Token] = []
        var index = 0
        while index < part.count {
            let byte = part[index]
            index += 1
            switch byte {
            case UInt8(ascii: "*"): tokens.append(.run)
            case UInt8(ascii: "?"): tokens.append(.any)
            case UInt8(ascii: "\\") where index < part.count:
                tokens.append(.byte(part[index]))
                index += 1
            case UInt8(ascii: "["):
                guard let (set, end) = set(part, index) else {
                    tokens.append(.byte(byte))
                    continue
                }
                tokens.append(set)
                index = end
            default: tokens.append(.byte(byte))
            }
        }
        return tokens
    }

    /// What stands between brackets, and the index behind them; nil where they do not close.
    private static func set(_ part: [UInt8], _ start: Int) -> (Token, Int)? {
        var index = start
        let isNegated = index < part.count && [UInt8(ascii: "!"), UInt8(ascii: "^")].contains(part[index])
        if isNegated { index += 1 }
        var ranges: [ClosedRange<UInt8>] = []
        while index < part.count {
            // A bracket in the first place stands for itself.
            if part[index] == UInt8(ascii: "]"), !ranges.isEmpty {
                return (.set(ranges, isNegated: isNegated), index + 1)
            }
            let low = part[index]
            if index + 2 < part.count, part[index + 1] == UInt8(ascii: "-"), part[index + 2] != UInt8(ascii: "]") {
                let high = part[index + 2]
                ranges.append(min(low, high)...max(low, high))
                index += 3
            } else {
                ranges.append(low...low)
                index += 1
            }
        }
        return nil
    }
}

/// Finds which entries of an archive patterns name.
public final class PatternSink: TarSink {
    /// The paths of each pattern, in the archive's order; a path that the archive has literally is alone.
    public private(set) var found: [[EntryPath]]
    private let patterns: [(literal: EntryPath?, pattern: PathPattern)]
    private var isLiteral: [Bool]

    /// - Parameter patterns: each with the path that it would be without wildcards.
    public init(_ patterns: [(literal: EntryPath?, pattern: PathPattern)]) {
        self.patterns = patterns
        found = Array(repeating: [], count: patterns.count)
        isLiteral = Array(repeating: false, count: patterns.count)
    }

    /// Takes the entry down where it is meant.
    public func begin(_ entry: TarEntry) throws(ArchiveError) {
        guard !entry.path.isRoot else { return }
        for (index, each) in patterns.enumerated() where !isLiteral[index] {
            if each.literal == entry.path {
                isLiteral[index] = true
                found[index] = [entry.path]
            } else if each.pattern.matches(entry.path) {
                found[index].append(entry.path)
            }
        }
    }

    /// Names are all that is wanted.
    public func content(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(ArchiveError) {}
    /// Names are all that is wanted.
    public func end(_ entry: TarEntry, digest: SHA256Digest?) throws(ArchiveError) {}
}
