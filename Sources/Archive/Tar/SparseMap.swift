/// Where the stored data of a sparse file lies in the file; what no segment covers is a hole of zeros.
public struct SparseMap: Sendable, Equatable {
    /// A stretch of stored bytes.
    public struct Segment: Sendable, Equatable {
        /// Byte of the file at which the stretch begins.
        public let offset: UInt64
        /// Its length in bytes; may be 0 (GNU tar marks the end of the file so).
        public let length: UInt64
    }

    /// In ascending order, without overlap, all within `realSize`.
    public let segments: [Segment]
    /// Length of the file in bytes, holes included.
    public let realSize: UInt64

    /// Bytes that the archive stores.
    public let storedSize: UInt64
    /// Bytes that it does not: they are zeros.
    public var holeBytes: UInt64 { realSize - storedSize }

    /// Fails when a segment overlaps, steps back, overflows or ends behind `realSize`.
    init?(segments: [Segment], realSize: UInt64) {
        var end: UInt64 = 0
        var stored: UInt64 = 0
        for segment in segments {
            let (segmentEnd, overflow) = segment.offset.addingReportingOverflow(segment.length)
            guard !overflow, segment.offset >= end, segmentEnd <= realSize else { return nil }
            end = segmentEnd
            // No overflow: stretches without overlap within `realSize`.
            stored += segment.length
        }
        self.segments = segments
        self.realSize = realSize
        storedSize = stored
    }
}
