/// Passes a stream on without the entries that are left out, and holds back what is undecided: what comes out of it is
/// what is compressed, and all that the second reader ever sees.
struct StreamSieve {
    /// Bytes of an entry whose headers are not complete yet.
    private(set) var held: [UInt8] = []
    /// Byte of the incoming stream that comes next.
    private var position: UInt64 = 0

    /// - Parameters:
    ///   - settled: byte of the incoming stream up to which all is decided; nil when nothing more will be.
    ///   - omissions: stretches to leave out, in order; those that lie behind are removed.
    mutating func pass(_ chunk: Chunk, settled: UInt64?, omitting omissions: inout [Range<UInt64>]) -> Chunk {
        let end = position + UInt64(held.count) + UInt64(chunk.count)
        let settled = settled ?? end
        if held.isEmpty, omissions.isEmpty, settled == end {
            position = end
            return chunk
        }
        let bytes = held + chunk.bytes
        let start = position
        func index(_ place: UInt64) -> Int { Int(place - start) }
        var passed: [Range<Int>] = []
        for omission in omissions where omission.lowerBound < settled {
            if omission.lowerBound > position { passed.append(index(position)..<index(omission.lowerBound)) }
            position = min(max(position, omission.upperBound), settled)
        }
        omissions.removeAll { $0.upperBound <= settled }
        if position < settled {
            passed.append(index(position)..<index(settled))
            position = settled
        }
        held = Array(bytes[index(position)...])
        return Chunk(passed.reduce(into: []) { $0 += bytes[$1] })
    }

    /// What is held back, when nothing will decide on it any more.
    mutating func surrender() -> [UInt8] {
        defer {
            position += UInt64(held.count)
            held = []
        }
        return held
    }
}
