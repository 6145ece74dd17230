internal import CArchive

/// Decides where the tar stream is cut into regions: at entry starts chosen by a hash of the entry's name, and by a gear
/// hash inside large files, so that the same content is cut at the same places on the next night.
///
/// A pure state machine over stream offsets; it never looks at a byte twice.
struct RegionCutter {
    /// No region but the last is shorter.
    static let minimum = 16 << 10
    /// No region is longer.
    static let maximum = 256 << 10
    /// Content of this size on is cut by the gear hash.
    static let largeFile: UInt64 = 64 << 10
    /// One entry start in eight is chosen once a region is long enough.
    private static let entryMask: UInt64 = 7
    /// Behind the minimum one byte in 2¹⁶ is chosen; the high bits of a gear hash depend on the most bytes.
    private static let gearMask: UInt64 = 0xFFFF << 44

    private struct Mark {
        let offset: UInt64
        let isChosen: Bool
        /// The end of a large file's content; nil for smaller entries.
        let contentEnd: UInt64?
    }

    private var marks: [Mark] = []
    private var position: UInt64 = 0
    private var regionStart: UInt64 = 0
    private var gearEnd: UInt64 = 0
    private var gear: UInt64 = 0

    /// Takes note of an entry whose header group begins at `entry.offset` and whose content ends at `contentEnd`.
    mutating func note(_ entry: TarEntry, contentEnd: UInt64) {
        let isLarge = entry.size >= Self.largeFile
        let isChosen = isLarge || Self.hash(entry.path.bytes) & Self.entryMask == 0
        marks.append(Mark(offset: entry.offset, isChosen: isChosen, contentEnd: isLarge ? contentEnd : nil))
    }

    /// Looks at the next bytes of the stream and returns the number of bytes after which to cut, or nil to go on.
    ///
    /// - Parameter bytes: settled bytes only: every entry that begins among them has been noted.
    mutating func cut(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var taken = 0
        while taken < bytes.count {
            if let mark = marks.first, mark.offset <= position {
                marks.removeFirst()
                if let end = mark.contentEnd {
                    gearEnd = end
                    gear = 0
                }
                if mark.isChosen, length >= Self.minimum {
                    regionStart = position
                    return taken
                }
                continue
            }
            taken += advance(UnsafeRawBufferPointer(rebasing: bytes[taken...]))
            if length >= Self.maximum || gearHit {
                gearHit = false
                regionStart = position
                return taken
            }
        }
        return nil
    }

    private var gearHit = false
    private var length: Int { Int(position - regionStart) }

    /// Moves on to the next mark, to the longest length, or to a place that the gear hash chooses.
    private mutating func advance(_ bytes: UnsafeRawBufferPointer) -> Int {
        var count = min(bytes.count, Self.maximum - length)
        if let mark = marks.first { count = Int(min(UInt64(count), mark.offset - position)) }
        if position < gearEnd {
            count = Int(min(UInt64(count), gearEnd - position))
            if length < Self.minimum {
                count = min(count, Self.minimum - length)
            } else if let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) {
                let hit = carchive_gear_cut(base, count, Self.gearMask, &gear)
                if hit > 0 {
                    count = hit
                    gearHit = true
                }
            }
        }
        position += UInt64(count)
        return count
    }

    /// FNV-1a.
    private static func hash(_ bytes: [UInt8]) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash ^ hash >> 32
    }
}
