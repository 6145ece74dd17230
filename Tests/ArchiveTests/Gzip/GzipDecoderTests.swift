import Foundation
import SystemPackage
import Testing

@testable import Archive

@Suite("One gzip member, whole")
struct GzipDecoderTests {
    private static let content = Array("some content that is packed\n".utf8)
    /// `printf 'some content that is packed\n' | gzip -n9`, made on Debian 12 by gzip 1.12 when the tests run.
    private let plain: [UInt8]

    init() async throws {
        let scratch = try Scratch()
        try await shell("printf 'some content that is packed\\n' | gzip -n9 > \(scratch.path)/a.gz")
        plain = try readFile(scratch.path + "/a.gz")
    }

    private func decode(_ bytes: [UInt8], capacity: Int = 1 << 16) throws -> [UInt8] {
        let scratch = try Scratch()
        try writeFile(scratch.path + "/a.gz", bytes)
        let file = try FileDescriptor.open(FilePath(scratch.path + "/a.gz"), .readOnly)
        defer { try? file.close() }
        let decoder = try GzipDecoder(file, name: "a.gz")
        var all: [UInt8] = []
        while let chunk = try decoder.next(capacity: capacity) { all += Array(chunk.bytes) }
        #expect(decoder.rawBytes == UInt64(all.count))
        #expect(decoder.compressedBytes == UInt64(bytes.count))
        #expect(decoder.finishDigest() == SHA256.hash(bytes))
        return all
    }

    private func rule(_ bytes: [UInt8]) -> Rule? { failure { _ = try decode(bytes) }?.violation?.rule }

    /// The plain member with another header in front of its data.
    private func with(flags: UInt8, _ fields: [UInt8]) -> [UInt8] {
        Array(plain[..<3]) + [flags] + Array(plain[4..<10]) + fields + Array(plain[10...])
    }

    @Test("What gzip wrote is read, in pieces of any size", arguments: [1, 7, 28, 29, 1 << 16])
    func reads(_ capacity: Int) throws { #expect(try decode(plain, capacity: capacity) == Self.content) }

    @Test("A name, a remark, extra fields and a header checksum are passed over")
    func headerVariants() async throws {
        let name = Array("a name.tar\0".utf8)
        let extra: [UInt8] = [5, 0, 1, 2, 3, 4, 5]
        #expect(try decode(with(flags: 0x08, name)) == Self.content)
        #expect(try decode(with(flags: 0x10, name)) == Self.content)
        #expect(try decode(with(flags: 0x01, [])) == Self.content)
        #expect(try decode(with(flags: 0x04, extra)) == Self.content)
        #expect(try decode(with(flags: 0x04, [0, 0])) == Self.content)
        let all = with(flags: 0x1E, extra + name + name)
        // The checksum is the low half of the CRC-32 of the header in front of it (RFC 1952, 2.3.1).
        let header = Array(all[..<(10 + extra.count + 2 * name.count)])
        let checksum = try await Self.crc(header)
        let checked = header + [UInt8(checksum & 0xFF), UInt8(checksum >> 8 & 0xFF)] + Array(all[header.count...])
        #expect(try decode(checked) == Self.content)
        var wrong = checked
        wrong[header.count] ^= 1
        #expect(rule(wrong) == .gzipHeader)
    }

    private static func crc(_ bytes: [UInt8]) async throws -> UInt32 {
        let text = try await shell(
            "python3 -c 'import zlib; print(zlib.crc32(bytes.fromhex(\"\(Hex.encode(bytes))\")))'")
        return try #require(UInt32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    }

    @Test("Reserved flags, another method, another magic and an endless name are refused")
    func badHeaders() throws {
        for flag in [0x20, 0x40, 0x80] as [UInt8] { #expect(rule(with(flags: flag, [])) == .gzipHeader) }
        for place in 0..<3 {
            var bytes = plain
            bytes[place] ^= 1
            #expect(rule(bytes) == .gzipHeader)
        }
        #expect(rule(with(flags: 0x08, [UInt8](repeating: 0x61, count: 70_000) + [0])) == .gzipHeader)
        #expect(rule(Array("plain text, no gzip".utf8)) == .gzipHeader)
    }

    @Test("A file that stops at any byte is refused as truncated")
    func everyTruncation() throws {
        let bytes = plain
        for end in 0..<bytes.count { #expect(rule(Array(bytes[..<end])) == .gzipTruncated, "\(end)") }
    }

    @Test("A flipped bit anywhere behind the header is refused, unless it is one that says nothing")
    func everyBit() throws {
        let bytes = plain
        for place in 10..<bytes.count {
            for bit in 0..<8 as Range<UInt8> {
                var flipped = bytes
                flipped[place] ^= 1 << bit
                let rules: [Rule] = [.gzipData, .gzipCRC, .gzipLength, .gzipTruncated, .gzipTrailing]
                do {
                    // Bits that only fill the last byte of the compressed data.
                    #expect(try decode(flipped) == Self.content)
                } catch let error as ArchiveError {
                    #expect(error.violation.map { rules.contains($0.rule) } == true, "byte \(place), bit \(bit)")
                }
            }
        }
    }

    @Test("A wrong checksum and a wrong length are named as such")
    func trailer() throws {
        var bytes = plain
        bytes[bytes.count - 5] ^= 0x80
        #expect(rule(bytes) == .gzipCRC)
        bytes = plain
        bytes[bytes.count - 1] ^= 0x80
        #expect(rule(bytes) == .gzipLength)
    }

    @Test("NULs behind the end are passed over and are part of the file, up to a bound")
    func padding() throws {
        for count in [1, 511, 10_240, 300_000] {
            #expect(try decode(plain + [UInt8](repeating: 0, count: count)) == Self.content)
        }
        let more = [UInt8](repeating: 0, count: Int(GzipDecoder.padding) + 1)
        #expect(rule(plain + more) == .gzipTrailing)
    }

    @Test("A single byte, bytes behind NULs, or a second member behind the end are refused")
    func trailing() throws {
        let bytes = plain
        #expect(rule(bytes + [1]) == .gzipTrailing)
        #expect(rule(bytes + [UInt8](repeating: 0, count: 300_000) + [1]) == .gzipTrailing)
        #expect(rule(bytes + bytes) == .gzipTrailing)
        // The end exactly at the end of a bufferful of 256 KiB: only the next read shows what follows.
        let name = [UInt8](repeating: 0x61, count: 65_000) + [0]
        #expect(rule(with(flags: 0x08, name) + [1]) == .gzipTrailing)
    }

    @Test("An empty member is no error of gzip's")
    func empty() throws {
        #expect(try decode(GzipFormat.header + GzipFormat.trailer(crc: 0, rawBytes: 0)) == [])
    }
}
