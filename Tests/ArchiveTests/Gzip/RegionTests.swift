import Foundation
import SystemPackage
import Testing

@testable import Archive

@Suite("Regions of an archive")
struct RegionTests {
    /// What the intake of a stream wrote: the archive, and its index line by line.
    private struct Written {
        let archive: [UInt8]
        let regions: [Region]
        let entries: Int
        let lines: [String]
    }

    private struct Region: Decodable, Equatable {
        let raw_offset: UInt64
        let raw_size: Int
        let offset: UInt64
        let size: Int
        let raw_sha256: String
        let sha256: String
    }

    private struct Line: Decodable { let region: Region? }

    private func take(_ stream: [UInt8], threads: Int = 2) async throws -> Written {
        let scratch = try Scratch()
        try writeFile(scratch.path + "/a.tar", stream)
        let input = try FileDescriptor.open(FilePath(scratch.path + "/a.tar"), .readOnly)
        defer { try? input.close() }
        let output = try scratch.directory.createFile("a.tar.gz", mode: 0o600)
        let index = try scratch.directory.createFile("a.index", mode: 0o600)
        defer { for descriptor in [output, index] { try? descriptor.close() } }
        let outcome = try ArchiveIntake(stallTimeout: 5, threads: threads).run(
            input: input, output: output, index: index, name: "a.tar.gz", progress: TransferProgress())
        if case .complete = outcome.end {} else { Issue.record("\(outcome.end)") }
        #expect(outcome.rawBytes == UInt64(stream.count))
        let lines = try await shell("gzip -dc \(scratch.path)/a.index").split(separator: "\n").map(String.init)
        let regions = try lines.compactMap { try JSONDecoder().decode(Line.self, from: Data($0.utf8)).region }
        try await shell("gzip -dc \(scratch.path)/a.tar.gz | cmp - \(scratch.path)/a.tar")
        return Written(
            archive: try readFile(scratch.path + "/a.tar.gz"), regions: regions,
            entries: lines.count { $0.hasPrefix(#"{"entry":"#) }, lines: lines)
    }

    /// Text, noise, a large file of noise and many small ones.
    private static func items(seed: UInt64 = 1) throws -> [Item] {
        var random = SplitMix(seed: seed)
        var items = [try Item("d", .directory, mode: 0o755)]
        for number in 0..<300 {
            let text = Array("line \(number) of a text that packs well\n".utf8)
            let content = (0..<Int.random(in: 0...200, using: &random)).flatMap { _ in text }
            items.append(try Item("d/text-\(number)", content: content))
        }
        items.append(try Item("d/noise", content: random.bytes(1_500_000)))
        items.append(try Item("d/zeros", content: [UInt8](repeating: 0, count: 700_000)))
        for number in 0..<100 { items.append(try Item("d/small-\(number)", content: random.bytes(3000))) }
        return items
    }

    private static let emitter = TarEmitter(properties: .all, keepsHoles: true)

    @Test("Each region inflates on its own to what the index says, and all of them are the stream")
    func regionsStandAlone() async throws {
        let stream = try Emitted.stream(Self.items(), Self.emitter)
        let written = try await take(stream)
        #expect(written.lines.first == #"{"picjobs_index":1}"#)
        #expect(written.lines.last == #"{"end":true}"#)
        #expect(written.entries == 403)
        #expect(written.regions.count > 10)
        var raw: UInt64 = 0
        var place = UInt64(GzipFormat.header.count)
        var whole: [UInt8] = []
        for region in written.regions {
            #expect(region.raw_offset == raw)
            #expect(region.offset == place)
            let packed = Array(written.archive[Int(place)..<Int(place) + region.size])
            #expect(SHA256.hash(packed).hex == region.sha256)
            let inflated = try await Self.inflate(packed, count: region.raw_size)
            #expect(SHA256.hash(inflated).hex == region.raw_sha256)
            whole += inflated
            raw += UInt64(region.raw_size)
            place += UInt64(region.size)
        }
        #expect(whole == stream)
        #expect(place + 10 == UInt64(written.archive.count))
    }

    /// A region as a gzip member of its own; Python's zlib judges.
    private static func inflate(_ packed: [UInt8], count: Int) async throws -> [UInt8] {
        let scratch = try Scratch()
        try writeFile(scratch.path + "/region", packed)
        try await shell(
            """
            python3 -c 'import sys, zlib
            packed = open(sys.argv[1], "rb").read()
            open(sys.argv[2], "wb").write(zlib.decompressobj(-15).decompress(packed))' \
            \(scratch.path)/region \(scratch.path)/raw
            """)
        return try readFile(scratch.path + "/raw")
    }

    @Test("All regions but the last are 16 to 256 KiB long")
    func lengths() async throws {
        let written = try await take(try Emitted.stream(Self.items(), Self.emitter))
        for region in written.regions.dropLast() {
            #expect((RegionCutter.minimum...RegionCutter.maximum).contains(region.raw_size))
        }
        #expect(try #require(written.regions.last).raw_size <= RegionCutter.maximum)
    }

    @Test("One thread writes the same bytes as five")
    func threads() async throws {
        let stream = try Emitted.stream(Self.items(), Self.emitter)
        #expect(try await take(stream, threads: 1).archive == take(stream, threads: 5).archive)
    }

    @Test(
        "After an insertion at the front, in the middle of a large file, or a changed file, most regions are the same")
    func resynchronises() async throws {
        let items = try Self.items()
        let before = Set(try await take(try Emitted.stream(items, Self.emitter)).regions.map(\.raw_sha256))
        var front = items
        front.insert(try Item("d/a-new-one", content: SplitMix.fixed(10_001)), at: 1)
        var middle = items
        middle[301].content.insert(contentsOf: SplitMix.fixed(100), at: 500_000)
        middle[301].entry.size += 100
        var changed = items
        changed[150].content = Array("changed".utf8)
        changed[150].entry.size = 7
        for (name, variant) in [("front", front), ("middle", middle), ("changed", changed)] {
            let after = try await take(try Emitted.stream(variant, Self.emitter)).regions.map(\.raw_sha256)
            let known = after.count { before.contains($0) }
            #expect(known * 10 >= after.count * 7, "\(name): \(known) of \(after.count)")
        }
    }

    @Test("Where a stream is cut does not depend on the pieces in which it came")
    func cutsDoNotDependOnPieces() throws {
        let stream = try Emitted.stream(Self.items(), Self.emitter)
        let whole = try cuts(stream) { stream.count }
        var random = SplitMix(seed: 7)
        #expect(whole.count > 10)
        #expect(try cuts(stream) { 512 } == whole)
        #expect(try cuts(stream) { 4095 } == whole)
        #expect(try cuts(stream) { 300_000 } == whole)
        #expect(try cuts(stream) { Int.random(in: 1...20_000, using: &random) } == whole)
    }

    /// Offsets at which the cutter cuts, fed as the intake feeds it.
    private func cuts(_ stream: [UInt8], piece size: () -> Int) throws -> [UInt64] {
        let notes = Notes()
        var scanner = TarScanner(limits: .intake, sink: notes)
        var cutter = RegionCutter()
        var cuts: [UInt64] = []
        var looked = 0
        var start = 0
        try stream.withUnsafeBytes { bytes in
            while start < bytes.count {
                let end = min(bytes.count, start + size())
                try scanner.consume(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                start = end
                for entry in notes.taken() { cutter.note(entry, contentEnd: entry.offset + 2048 + entry.size) }
                let settled = Int(scanner.settled)
                while looked < settled {
                    guard let cut = cutter.cut(UnsafeRawBufferPointer(rebasing: bytes[looked..<settled])) else {
                        looked = settled
                        break
                    }
                    looked += cut
                    cuts.append(UInt64(looked))
                }
            }
        }
        return cuts
    }

    private final class Notes: TarSink {
        private var entries: [TarEntry] = []

        func taken() -> [TarEntry] {
            defer { entries = [] }
            return entries
        }

        func begin(_ entry: TarEntry) { entries.append(entry) }
        func content(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) {}
        func end(_ entry: TarEntry, digest: SHA256Digest?) {}
    }

    @Test("The smallest archive there is, one empty directory, has a right header and trailer")
    func smallest() async throws {
        let stream = try Emitted.stream([try Item(".", .directory)], Self.emitter)
        let written = try await take(stream)
        #expect(written.regions.count == 1)
        #expect(written.archive.starts(with: GzipFormat.header))
        // CRC-32 by Python: python3 -c 'import zlib; …'
        let scratch = try Scratch()
        try writeFile(scratch.path + "/a.tar", stream)
        let crc = try await shell(
            "python3 -c 'import sys,zlib;print(zlib.crc32(open(sys.argv[1],\"rb\").read()))' \(scratch.path)/a.tar")
        let expected = try #require(UInt32(crc.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(Array(written.archive.suffix(10)) == GzipFormat.trailer(crc: expected, rawBytes: UInt64(stream.count)))
    }

    @Test("The trailer's length wraps at 4 GiB, as RFC 1952 has it")
    func lengthWraps() {
        let trailer = GzipFormat.trailer(crc: 0x0403_0201, rawBytes: (5 << 32) + 0x0807_0605)
        #expect(trailer == [3, 0, 1, 2, 3, 4, 5, 6, 7, 8])
        #expect(GzipFormat.number(trailer[6...]) == 0x0807_0605)
    }

    @Test(
        "Stored blocks of any length inflate to themselves", arguments: [1, 65_534, 65_535, 65_536, 131_070, 200_000])
    func stored(_ count: Int) async throws {
        let raw = SplitMix.fixed(count)
        #expect(try await Self.inflate(RegionCompressor.stored(raw), count: count) == raw)
    }

    @Test("A compressor that can't start says so, and frees its memory once")
    func badLevel() {
        #expect(throws: ArchiveError.self) { _ = try RegionCompressor(level: 77) }
    }
}
