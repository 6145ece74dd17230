/// A sink that notes what came as holes.
public protocol HoleNotingSink: TarSink, SendableMetatype {
    /// What of the entries that it takes is holes.
    var holes: Holes { get }
}

/// What of a tree came as holes, and above all the files that came as nothing else: a tar that asks the file system for
/// holes takes its word for it, and some say so of files that hold data.
public struct Holes: Sendable, Equatable {
    /// Bytes of all holes.
    public private(set) var bytes: UInt64 = 0
    /// The largest file with holes; nil where there is none.
    public private(set) var largest: EntryPath?
    /// The files with a size of which no byte is stored: the first thousands.
    public private(set) var only: [EntryPath] = []
    /// How many of these there are.
    public private(set) var onlyCount: UInt64 = 0
    /// Bytes of all of these.
    public private(set) var onlyBytes: UInt64 = 0
    private var nameBytes = 0
    private var largestBytes: UInt64 = 0

    /// Nothing.
    public init() {}

    /// True when ``only`` names all of them.
    public var isWhole: Bool { UInt64(only.count) == onlyCount }

    mutating func note(_ entry: TarEntry) {
        let hole = entry.holeBytes
        guard hole > 0 else { return }
        bytes = Self.sum(bytes, hole)
        if hole > largestBytes {
            largestBytes = hole
            largest = entry.path
        }
        guard entry.isHoleOnly else { return }
        onlyCount += 1
        onlyBytes = Self.sum(onlyBytes, entry.size)
        nameBytes += entry.path.bytes.count
        if only.count < 4096, nameBytes <= 512 << 10 { only.append(entry.path) }
    }

    private static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }
}
