/// One value of a ``NftType``, or several in a row, as the kernel compares it: up to 24 bytes.
///
/// The bytes stand in place and not in an array: a map of 10 000 services is 20 000 of them.
public struct NftValue: Hashable, Sendable {
    /// The longest there is: a mark and the name of a link take 20.
    static let limit = 24

    /// The bytes as big-endian numbers, with zeros behind the last one.
    private let words: (UInt64, UInt64, UInt64)
    /// How many bytes it has.
    let count: Int

    private init(_ word: UInt64, count: Int) {
        words = (word, 0, 0)
        self.count = count
    }

    /// - Returns: `nil` for more than ``limit`` bytes.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count <= Self.limit else { return nil }
        var words: (UInt64, UInt64, UInt64) = (0, 0, 0)
        withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: bytes) }
        self.words = (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian)
        count = bytes.count
    }

    /// The values of a concatenation, each padded to four bytes.
    init(joining parts: [NftValue]) {
        var words: (UInt64, UInt64, UInt64) = (0, 0, 0)
        var end = 0
        withUnsafeMutableBytes(of: &words) { room in
            for part in parts {
                let padded = (part.count + 3) & ~3
                precondition(end + padded <= Self.limit, "a concatenation longer than \(Self.limit) bytes")
                part.withBytes { UnsafeMutableRawBufferPointer(rebasing: room[end...]).copyMemory(from: $0) }
                end += padded
            }
        }
        self.words = (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian)
        count = end
    }

    public init(_ address: IPv4Address) { self.init(UInt64(address.number) << 32, count: 4) }

    public init(_ mark: Mark) { self.init(UInt64(mark.rawValue.bigEndian) << 32, count: 4) }

    public init(_ name: InterfaceName) {
        let padded = name.padded
        self = padded.withUnsafeBytes { NftValue($0) } ?? NftValue(0, count: 0)
    }

    /// The number of a link.
    public init(link index: Int32) { self.init(UInt64(UInt32(bitPattern: index).bigEndian) << 32, count: 4) }

    public init(_ transport: TransportProtocol) { self.init(UInt64(transport.rawValue) << 56, count: 1) }

    /// A port, in network order.
    public init(port: UInt16) { self.init(UInt64(port) << 48, count: 2) }

    var bytes: [UInt8] { withBytes { Array($0) } }

    /// The address, when it is as long as one.
    var address: IPv4Address? { count == 4 ? IPv4Address(number: UInt32(words.0 >> 32)) : nil }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeBytes(of: (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian)) {
            body(UnsafeRawBufferPointer(rebasing: $0[..<count]))
        }
    }

    public static func == (one: NftValue, other: NftValue) -> Bool {
        one.words == other.words && one.count == other.count
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        if count > 8 {
            hasher.combine(words.1)
            hasher.combine(words.2)
        }
    }
}

extension NftValue: Comparable {
    /// Byte by byte; one that begins another comes first.
    public static func < (one: NftValue, other: NftValue) -> Bool {
        one.words == other.words ? one.count < other.count : one.words < other.words
    }
}
