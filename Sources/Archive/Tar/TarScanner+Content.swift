/// Where in the file the next stored byte belongs.
struct ContentCursor {
    /// Stored bytes that are still to come.
    var remaining: UInt64 = 0
    /// Stored bytes of the whole entry.
    var stored: UInt64 = 0
    /// Byte of the file that comes next.
    var offset: UInt64 = 0
    /// Segments not yet begun, last first.
    var segments: [SparseMap.Segment] = []
    /// Bytes left in the segment at `offset`.
    var inSegment: UInt64 = 0
}

extension TarScanner {
    mutating func beginContent(_ entry: TarEntry) throws(ArchiveError) {
        let stored = entry.sparse?.storedSize ?? entry.size
        reading = ContentCursor(remaining: stored, stored: stored)
        if let sparse = entry.sparse {
            reading.segments = sparse.segments.reversed()
        } else {
            reading.inSegment = stored
        }
        if entry.type == .file { hash.begin(entry, sink.digestForm) }
        if stored == 0 {
            try endContent()
        } else {
            state = .content
        }
    }

    /// Hashes stored bytes and passes them on, each stretch with its place in the file.
    mutating func deliver(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        var rest = bytes
        while !rest.isEmpty {
            while reading.inSegment == 0, let segment = reading.segments.popLast() {
                reading.offset = segment.offset
                reading.inSegment = segment.length
            }
            let count = Int(min(UInt64(rest.count), reading.inSegment))
            let stretch = UnsafeRawBufferPointer(rebasing: rest[..<count])
            hash.update(stretch, at: reading.offset)
            try sink.content(stretch, at: reading.offset)
            reading.offset += UInt64(count)
            reading.inSegment -= UInt64(count)
            reading.remaining -= UInt64(count)
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    mutating func endContent() throws(ArchiveError) {
        guard let entry = current else { return }
        if entry.type == .file {
            try sink.end(entry, digest: hash.finish())
        } else {
            try sink.end(entry, digest: nil)
        }
        current = nil
        endStored()
    }

    /// Goes on behind the stored bytes of an entry.
    mutating func endStored() {
        let tail = Int(reading.stored % 512)
        state = tail == 0 ? .header : .padding(512 - tail)
    }
}
