internal import Glibc

/// Damages files at random, and the same way every time.
public struct Mutator {
    private var state: UInt64

    /// How many mutants of a file a test tries; `PICJOBS_MUTATIONS` sets it.
    public static func count(_ quick: Int) -> Int {
        getenv("PICJOBS_MUTATIONS").flatMap { Int(String(cString: $0)) } ?? quick
    }

    /// Pieces that readers of JSON, YAML and numbers stumble over.
    public static let pieces: [String] = [
        "null", "true", "-1", "1e999", "99999999999999999999", "9223372036854775807", "-9223372036854775808", "\"\"",
        "\"..\"", "\"/\"", "\"\\u0000\"", "\"\\ud800\"", "{}", "[]", "[[[[", "}}}}", ",", ":", "\"", "\\", "\0",
        "\u{7f}",
        "/", "é", "{\"a\":1,\"a\":2}", "{{ x }}", "&a", "*a", "<<: *a", "!!binary x", "? ", "- ", "\n", "\t", "|\n",
        "---\n",
        "0x7fffffffffffffff", ".inf", "~", "yes",
    ]

    /// - Parameter seed: the same gives the same mutants.
    public init(_ seed: UInt64) { state = seed }

    /// SplitMix64.
    private mutating func number(below limit: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        mixed ^= mixed >> 31
        return limit > 0 ? Int(mixed % UInt64(limit)) : 0
    }

    /// One to three damages at once.
    public mutating func mutate(_ original: [UInt8]) -> [UInt8] {
        var bytes = original
        for _ in 0...number(below: 3) {
            guard !bytes.isEmpty else { break }
            let place = number(below: bytes.count)
            let range = place..<min(place + 1 + number(below: 16), bytes.count)
            let piece = Array(Self.pieces[number(below: Self.pieces.count)].utf8)
            switch number(below: 8) {
            case 0: bytes[place] = UInt8(number(below: 256))
            case 1: bytes[place] ^= 1 << UInt8(number(below: 8))
            case 2: bytes.removeSubrange(range)
            case 3: bytes.insert(contentsOf: bytes[range], at: place)
            case 4: bytes.removeLast(bytes.count - place)
            case 5: bytes.insert(contentsOf: piece, at: place)
            default:
                // In place of a value, so that the damage is often still read.
                guard let colon = bytes[place...].firstIndex(of: 0x3A) else { break }
                let end = bytes[colon...].firstIndex { $0 == 0x2C || $0 == 0x0A } ?? bytes.count
                bytes.replaceSubrange(colon + 1..<end, with: [0x20] + piece)
            }
        }
        return bytes
    }
}
