import Testing

@testable import Archive

@Suite("The digest of a file's content")
struct ContentHashTests {
    /// A file's content as stretches at their places; what lies between is a hole.
    private func digest(
        _ stretches: [(UInt64, [UInt8])], size: UInt64, _ form: DigestForm, isSparse: Bool = true, piece: Int = .max
    ) throws -> SHA256Digest {
        var entry = try Item("f").entry
        entry.size = size
        if isSparse {
            entry.sparse = SparseMap(
                segments: stretches.map { .init(offset: $0.0, length: UInt64($0.1.count)) }, realSize: size)
            try #require(entry.sparse != nil)
        }
        var hash = ContentHash()
        hash.begin(entry, form)
        for (offset, bytes) in stretches {
            for start in stride(from: 0, to: bytes.count, by: min(piece, max(1, bytes.count))) {
                let part = Array(bytes[start..<min(bytes.count, start + min(piece, bytes.count))])
                part.withUnsafeBytes { hash.update($0, at: offset + UInt64(start)) }
            }
        }
        return hash.finish()
    }

    /// The definition in docs/snapshot-format.md, word for word.
    static func defined(_ content: [UInt8]) -> SHA256Digest {
        func number(_ value: Int) -> [UInt8] { withUnsafeBytes(of: UInt64(value).bigEndian) { Array($0) } }
        var all = Array("picjobs content blocks 1\n".utf8) + number(content.count)
        for start in stride(from: 0, to: content.count, by: 4096) {
            let block = content[start..<min(start + 4096, content.count)]
            if block.contains(where: { $0 != 0 }) { all += number(start) + block }
        }
        return SHA256.hash(all)
    }

    private let data = SplitMix.fixed(5000)

    /// 5000 bytes at 8192 and 100 bytes at the very end of 300 100, all else zeros.
    private var content: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 300_100)
        bytes.replaceSubrange(8192..<13_192, with: data)
        bytes.replaceSubrange(300_000..<300_100, with: data[..<100])
        return bytes
    }

    @Test("The same content has one comparable digest, whatever of it is stored as holes and however it comes")
    func sameContent() throws {
        let (content, size) = (content, UInt64(300_100))
        let wanted = Self.defined(content)
        let zeros = [UInt8](repeating: 0, count: 20_000)
        let forms: [[(UInt64, [UInt8])]] = [
            [(0, content)], [(8192, data), (300_000, Array(data[..<100]))],
            [(8192, Array(data[..<512])), (8704, Array(data[512...])), (300_000, Array(data[..<100]))],
            [(0, Array(content[..<20_000])), (20_000, zeros), (299_520, Array(content[299_520...]))],
            [(0, []), (8192, data), (100_000, []), (300_000, Array(data[..<100])), (300_100, [])],
        ]
        for (number, form) in forms.enumerated() {
            for piece in [Int.max, 1, 511, 4096, 5000] where number > 0 || piece > 100 {
                #expect(try digest(form, size: size, .comparable, piece: piece) == wanted, "form \(number) by \(piece)")
            }
        }
        #expect(try digest([(0, content)], size: size, .comparable, isSparse: false) == wanted)
    }

    @Test("Another byte, another place of the same bytes, or another size is another digest")
    func otherContent() throws {
        let size = UInt64(300_100)
        let wanted = try digest([(8192, data)], size: size, .comparable)
        var other = data
        other[4999] ^= 1
        #expect(try digest([(8192, other)], size: size, .comparable) != wanted)
        #expect(try digest([(12_288, data)], size: size, .comparable) != wanted)
        #expect(try digest([(8192, data)], size: size + 1, .comparable) != wanted)
        #expect(try digest([(8192, data + [1])], size: size, .comparable) != wanted)
    }

    @Test("What is recorded is SHA-256 of the bytes up to 64 KiB of holes, and of the blocks beyond")
    func recorded() throws {
        let content = content
        #expect(try digest([(0, content)], size: 300_100, .recorded, isSparse: false) == SHA256.hash(content))
        let small = [UInt8](repeating: 0, count: 8192) + data
        #expect(try digest([(8192, data)], size: 13_192, .recorded) == SHA256.hash(small))
        let large = Array(content[..<300_000]) + [UInt8](repeating: 0, count: 100)
        #expect(try digest([(8192, data)], size: 300_100, .recorded) == Self.defined(large))
        #expect(try digest([(0, [])], size: 65_536, .recorded) == SHA256.hash([UInt8](repeating: 0, count: 65_536)))
        #expect(try digest([(0, [])], size: 65_537, .recorded) == Self.defined([UInt8](repeating: 0, count: 65_537)))
    }

    @Test("A hole of eight exabytes costs nothing")
    func exabytes() throws {
        let clock = ContinuousClock()
        let time = try clock.measure {
            _ = try digest([(1 << 62, data)], size: UInt64(Int64.max), .comparable)
            _ = try digest([(1 << 62, data)], size: UInt64(Int64.max), .recorded)
        }
        #expect(time < .seconds(1))
    }
}
