/// What an archive may ask of the machine that reads it (rule 14 of docs/archives.md).
public struct ArchiveLimits: Sendable {
    /// Entries, repeated directories included.
    public var entries: UInt64
    /// Bytes of the tar stream.
    public var streamBytes: UInt64
    /// Bytes of all files with their holes filled. Holes cost no time; the number bounds what a restore may be asked for.
    public var contentBytes: UInt64
    /// Seconds of one walk; nil where the stream's own totals bound it.
    public var seconds: Int64?
    /// Accept headers without a magic (v7), as a recorded archive may have them.
    public var allowV7: Bool
    /// Leave an entry out that is odd rather than hostile, instead of refusing the whole stream.
    var leavesOut: Bool

    /// For a stream that a container's tar is writing now, and of which one odd entry must not cost all others.
    public static let intake = ArchiveLimits(
        entries: 100_000_000, streamBytes: 1 << 46, contentBytes: UInt64(Int64.max), seconds: nil, allowV7: false,
        leavesOut: true)

    /// For a stream that is only looked at: what was restored, or a few files that are read again.
    static let stream = ArchiveLimits(
        entries: 100_000_000, streamBytes: 1 << 46, contentBytes: UInt64(Int64.max), seconds: nil, allowV7: false,
        leavesOut: false)

    /// For a file that no snapshot records.
    public static let unrecorded = ArchiveLimits(
        entries: 10_000_000, streamBytes: 1 << 40, contentBytes: 1 << 50, seconds: 6 * 3600, allowV7: false,
        leavesOut: false)

    /// For a recorded archive: its own recorded totals are the limit.
    public static func recorded(entries: UInt64, streamBytes: UInt64, contentBytes: UInt64) -> ArchiveLimits {
        ArchiveLimits(
            entries: entries, streamBytes: streamBytes, contentBytes: contentBytes, seconds: nil, allowV7: true,
            leavesOut: false)
    }

    /// Longest body of one `L`, `K` or `g` header, in bytes.
    static let extensionBytes: UInt64 = 65_536
    /// Longest body of one `x` header: extended attributes may need more.
    static let paxBytes: UInt64 = 1_048_576 + 65_536
    /// Longest body of one `x` header that is read for its name alone, so that its entry can be left out.
    static let oddPaxBytes: UInt64 = 16 << 20
    /// Most stretches in the map of a sparse file.
    static let sparseSegments = 1 << 20
    /// Most zeros behind the archive's end: tars fill their last record, the largest with 64 MiB.
    static let zerosBehindEnd: UInt64 = 64 << 20
}
