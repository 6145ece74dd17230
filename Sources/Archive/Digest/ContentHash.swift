internal import Glibc

/// In which form a sink wants the digest of a file's content (docs/snapshot-format.md, "The digest of a file's content").
///
/// A hole costs no time in the form of blocks, and that digest is the same whether zeros are stored or are a hole.
public enum DigestForm: Sendable {
    /// SHA-256 of the bytes; of the blocks where the archive leaves out more than 64 KiB of holes: what an index records.
    case recorded
    /// SHA-256 of the bytes of a file below 64 KiB, of the blocks of any other: the same for the same content, however
    /// it is stored.
    case comparable
}

extension TarEntry {
    /// From which size on, and from how many bytes of holes on, a file is told by its blocks.
    static let blockFormSize: UInt64 = 64 << 10

    /// Whether the digest in a form is one of the file's blocks.
    func isDigestOfBlocks(_ form: DigestForm) -> Bool {
        switch form {
        case .recorded: holeBytes > Self.blockFormSize
        case .comparable: size >= Self.blockFormSize
        }
    }
}

/// The digest of one file's content while its stored bytes pass, in ascending order; holes are what is not passed.
struct ContentHash: ~Copyable {
    private static let blockSize = 4096
    private static let prefix = Array("picjobs content blocks 1\n".utf8)
    private static let zeros = [UInt8](repeating: 0, count: 1 << 16)

    private var hash = SHA256()
    private var isOfBlocks = false
    private var size: UInt64 = 0
    /// In the form of bytes: the next byte to hash.
    private var offset: UInt64 = 0
    /// In the form of blocks: a block that came in parts, and which one it is.
    private var partial = [UInt8](repeating: 0, count: blockSize)
    private var partialStart: UInt64?

    mutating func begin(_ entry: TarEntry, _ form: DigestForm) {
        isOfBlocks = entry.isDigestOfBlocks(form)
        size = entry.size
        offset = 0
        guard isOfBlocks else { return }
        hash.update(Self.prefix)
        number(size)
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer, at place: UInt64) {
        guard isOfBlocks else {
            fill(upTo: place)
            hash.update(bytes)
            offset += UInt64(bytes.count)
            return
        }
        var rest = bytes
        var place = place
        while !rest.isEmpty {
            let inside = Int(place % UInt64(Self.blockSize))
            let start = place - UInt64(inside)
            if partialStart != start { flush() }
            let count = min(rest.count, Self.blockSize - inside)
            let stretch = UnsafeRawBufferPointer(rebasing: rest[..<count])
            if count == Self.blockSize {
                block(stretch, at: start)
            } else {
                partialStart = start
                partial.withUnsafeMutableBytes { buffer in
                    UnsafeMutableRawBufferPointer(rebasing: buffer[inside..<inside + count]).copyMemory(from: stretch)
                }
            }
            place += UInt64(count)
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    mutating func finish() -> SHA256Digest {
        if isOfBlocks { flush() } else { fill(upTo: size) }
        return hash.finish()
    }

    /// Holes of a file in the form of bytes: at most 64 KiB of them.
    private mutating func fill(upTo end: UInt64) {
        while offset < end {
            let count = Int(min(end - offset, UInt64(Self.zeros.count)))
            Self.zeros.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            offset += UInt64(count)
        }
    }

    private mutating func flush() {
        guard let start = partialStart else { return }
        partialStart = nil
        // The last block of a file may be shorter.
        let count = Int(min(UInt64(Self.blockSize), size - start))
        let bytes = partial
        bytes.withUnsafeBytes { block(UnsafeRawBufferPointer(rebasing: $0[..<count]), at: start) }
        partial.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress else { return }
            memset(base, 0, buffer.count)
        }
    }

    /// A block of zeros is nothing; any other is its place and its bytes.
    private mutating func block(_ bytes: UnsafeRawBufferPointer, at start: UInt64) {
        guard !bytes.isAllZero else { return }
        number(start)
        hash.update(bytes)
    }

    private mutating func number(_ value: UInt64) {
        withUnsafeBytes(of: value.bigEndian) { hash.update($0) }
    }
}

extension UnsafeRawBufferPointer {
    /// True when no byte is other than 0.
    var isAllZero: Bool {
        guard let base = baseAddress, let first else { return true }
        return first == 0 && memcmp(base, base + 1, count - 1) == 0
    }
}
