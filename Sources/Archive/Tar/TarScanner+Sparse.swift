/// The map of a GNU tar `S` header: four pairs in the header itself, 21 in each block behind it.
struct OldSparseMap {
    var segments: [SparseMap.Segment] = []
    var realSize: UInt64 = 0
    private var isComplete = false

    /// Offsets in the main header (GNU tar manual, "Old GNU Format").
    mutating func readHeader(_ block: [UInt8]) throws(BrokenRule) -> Bool {
        realSize = try TarHeader.number(block, 483, 12, "real size")
        try read(block, start: 386, pairs: 4)
        return block[482] != 0
    }

    mutating func readBlock(_ block: [UInt8]) throws(BrokenRule) -> Bool {
        try read(block, start: 0, pairs: 21)
        guard segments.count <= ArchiveLimits.sparseSegments else {
            throw BrokenRule(
                .limitHeader, "the map of a sparse file has more than \(ArchiveLimits.sparseSegments) stretches")
        }
        return block[504] != 0
    }

    private mutating func read(_ block: [UInt8], start: Int, pairs: Int) throws(BrokenRule) {
        for index in 0..<pairs {
            let place = start + index * 24
            if block[place..<place + 24].allSatisfy({ $0 == 0 }) {
                isComplete = true
                continue
            }
            guard !isComplete else { throw BrokenRule(.sparseMap, "the map of a sparse file has a gap") }
            segments.append(
                SparseMap.Segment(
                    offset: try TarHeader.number(block, place, 12, "sparse offset"),
                    length: try TarHeader.number(block, place + 12, 12, "sparse length")))
        }
    }
}

/// The map of a pax sparse file, format 1.0: decimal numbers, one a line, in front of the data and padded with NULs to
/// a multiple of 512: how many segments, then offset and length of each.
struct TextSparseMap {
    private(set) var bytesRead = 0
    private var numbers: [UInt64] = []
    private var line: [UInt8] = []

    var segments: [SparseMap.Segment] {
        stride(from: 1, to: numbers.count - 1, by: 2).map {
            SparseMap.Segment(offset: numbers[$0], length: numbers[$0 + 1])
        }
    }

    private var isComplete: Bool { numbers.first.map { numbers.count == 2 * Int($0) + 1 } ?? false }

    /// True when the block completed the map.
    mutating func read(_ block: [UInt8]) throws(BrokenRule) -> Bool {
        bytesRead += block.count
        for byte in block {
            if isComplete {
                guard byte == 0 else {
                    throw BrokenRule(.sparseMap, "bytes stand between a sparse file's map and its data")
                }
            } else if byte == 0x0A {
                guard let number = DecimalText.parse(line) else {
                    throw BrokenRule(.sparseMap, "the map of a sparse file holds something other than numbers")
                }
                guard !numbers.isEmpty || number <= UInt64(ArchiveLimits.sparseSegments) else {
                    throw BrokenRule(
                        .limitHeader,
                        "the map of a sparse file has \(number) stretches, more than \(ArchiveLimits.sparseSegments)")
                }
                numbers.append(number)
                line.removeAll(keepingCapacity: true)
            } else {
                line.append(byte)
            }
        }
        guard line.count <= 512 else {
            throw BrokenRule(.sparseMap, "the map of a sparse file holds something other than numbers")
        }
        return isComplete
    }
}

extension TarScanner {
    mutating func beginOldSparse(_ header: TarHeader) throws(ArchiveError) {
        pending.header = header
        var map = OldSparseMap()
        let continues: Bool
        do {
            continues = try map.readHeader(block)
        } catch {
            throw refusal(error)
        }
        pending.oldSparse = map
        if continues { state = .sparseBlock } else { try endOldSparse() }
    }

    mutating func readSparseBlock() throws(ArchiveError) {
        defer { block.removeAll(keepingCapacity: true) }
        let continues: Bool
        do {
            continues = try pending.oldSparse?.readBlock(block) ?? false
        } catch {
            throw refusal(error)
        }
        if !continues { try endOldSparse() }
    }

    private mutating func endOldSparse() throws(ArchiveError) {
        guard let header = pending.header, let map = pending.oldSparse else { return }
        try beginSparse(header, segments: map.segments, realSize: map.realSize, stored: header.size)
    }

    mutating func beginSparseText(_ header: TarHeader) throws(ArchiveError) {
        guard let pax = pending.pax, pax.sparseMajor == 1, pax.sparseMinor == 0, pax.sparseName != nil,
            pax.sparseRealSize != nil, header.type == UInt8(ascii: "0") || header.type == 0
        else {
            throw refusal(.sparseMap, "only pax sparse files of format 1.0 are understood")
        }
        pending.header = header
        state = .sparseText
    }

    mutating func readSparseText() throws(ArchiveError) {
        defer { block.removeAll(keepingCapacity: true) }
        guard let header = pending.header, let realSize = pending.pax?.sparseRealSize else { return }
        let stored: UInt64
        do throws(BrokenRule) {
            stored = try storedSize(header)
            guard UInt64(pending.textMap.bytesRead) + 512 <= stored else {
                throw BrokenRule(.sparseMap, "the map of a sparse file does not end within the entry")
            }
        } catch {
            throw refusal(error)
        }
        do throws(BrokenRule) {
            guard try pending.textMap.read(block) else { return }
        } catch {
            // The map's own blocks are part of what the header counts.
            let rest = stored - UInt64(pending.textMap.bytesRead)
            if error.rule == .limitHeader, try leaveOut(header, stored: rest, error.reason) { return }
            throw refusal(error)
        }
        try beginSparse(
            header, segments: pending.textMap.segments, realSize: realSize,
            stored: stored - UInt64(pending.textMap.bytesRead))
    }

    private mutating func beginSparse(
        _ header: TarHeader, segments: [SparseMap.Segment], realSize: UInt64, stored: UInt64
    ) throws(ArchiveError) {
        guard let map = SparseMap(segments: segments, realSize: realSize), map.storedSize == stored else {
            throw refusal(.sparseMap, "a sparse file's map overlaps, steps back or does not fit the entry")
        }
        // GNU tar looks for each stretch at a block of its own, others right behind the one before.
        guard segments.filter({ $0.length > 0 }).dropLast().allSatisfy({ $0.length % 512 == 0 }) else {
            throw refusal(
                .sparseMap, "a stretch of a sparse file ends within a block: readers disagree on the next one")
        }
        try beginEntry(header, sparse: map)
    }
}
