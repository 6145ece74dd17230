/// What an archive may ask of the machine that reads it (rule 14 of docs/archives.md).
public struct ArchiveLimits: Sendable {
    /// Entries, repeated directories included.
    public var entries: UInt64
    /// Bytes of the tar stream.
    public var streamBytes: UInt64
    /// Bytes of all files with their holes filled: what hashing them costs.
    public var contentBytes: UInt64
    /// Tar bytes for one compressed byte, looked at from 64 MiB on.
    public var ratio: UInt64
    /// Accept headers without a magic (v7), as a recorded archive may have them.
    public var allowV7: Bool

    /// For a stream that a container's tar is writing now: 2⁴⁰ bytes of holes beyond what the stream may hold.
    public static let intake = ArchiveLimits(
        entries: 100_000_000, streamBytes: 1 << 46, contentBytes: 1 << 46, ratio: 1100, allowV7: false)

    /// For a file that no snapshot records.
    public static let unrecorded = ArchiveLimits(
        entries: 10_000_000, streamBytes: 1 << 40, contentBytes: 1 << 40, ratio: 250, allowV7: false)

    /// For a recorded archive: its own recorded totals are the limit.
    public static func recorded(entries: UInt64, streamBytes: UInt64, contentBytes: UInt64) -> ArchiveLimits {
        ArchiveLimits(
            entries: entries, streamBytes: streamBytes, contentBytes: contentBytes, ratio: 1100, allowV7: true)
    }

    /// Longest body of one `L`, `K` or `g` header, in bytes.
    static let extensionBytes: UInt64 = 65_536
    /// Longest body of one `x` header: extended attributes may need more.
    static let paxBytes: UInt64 = 1_048_576 + 65_536
    /// Longest map of a sparse file, in bytes.
    static let sparseMapBytes = 1_048_576
    /// Most bytes of holes in one archive: hashing them takes ten minutes.
    static let holeBytes: UInt64 = 1 << 40
}
