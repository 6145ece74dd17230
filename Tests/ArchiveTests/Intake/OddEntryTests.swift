import SystemPackage
import Testing

@testable import Archive

@Suite("Odd entries at intake")
struct OddEntryTests {
    /// Headers as GNU tar writes them for names that no ``EntryPath`` can hold: an `L` header, then the entry.
    private static func named(_ name: String, link: String = "", content: [UInt8] = [], type: EntryType = .file) throws
        -> [UInt8]
    {
        let emitter = TarEmitter(properties: .busybox, keepsHoles: false)
        var entry = try Item("x", type, content: content).entry
        if type == .hardlink { entry.hardlinkTarget = EntryPath(text: "y") }
        // The emitter's own block, with the long names in front of it.
        func long(_ kind: Character, _ text: String) throws -> [UInt8] {
            let body = Array(text.utf8) + [0]
            var block = emitter.headers(try Item("L", content: body).entry)
            block.replaceSubrange(156..<157, with: [kind.asciiValue ?? 0])
            for index in 148..<156 { block[index] = 0x20 }
            let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
            let digits = String(repeating: "0", count: 6 - sum.count) + sum
            block.replaceSubrange(148..<156, with: Array(digits.utf8) + [0, 0x20])
            return block + body + TarEmitter.padding(UInt64(body.count))
        }
        return try (link.isEmpty ? [] : long("K", link)) + long("L", name) + emitter.headers(entry) + content
            + TarEmitter.padding(UInt64(content.count))
    }

    private static func plain(_ items: [Item]) throws -> [UInt8] {
        Array(try Emitted.stream(items, TarEmitter(properties: .busybox, keepsHoles: false)).dropLast(1024))
    }

    /// A stream, and what of it must be written.
    private static func stream() throws -> (all: [UInt8], kept: [UInt8]) {
        let deep = "./" + Array(repeating: "d", count: 600).joined(separator: "/")
        let before = try plain([try Item("a", content: SplitMix.fixed(700)), try Item("e", .directory)])
        let after = try plain([try Item("e/z", content: SplitMix.fixed(1500))])
        let odd = [
            try named(deep + "/", type: .directory), try named(deep + "/file", content: SplitMix.fixed(3000)),
            try named("./" + String(repeating: "c", count: 256)),
            try named("./" + String(repeating: "long/", count: 900) + "x", content: [1]),
            try named("./link", link: deep + "/file", type: .hardlink),
            try named(deep + "/link", link: "./a", type: .hardlink),
        ].flatMap { $0 }
        return (before + odd + after + TarEmitter.end, before + after + TarEmitter.end)
    }

    private func intake(_ stream: [UInt8], piece: Int) throws -> (written: [UInt8], outcome: ArchiveIntake.Outcome) {
        let scratch = try Scratch()
        let output = try scratch.directory.createFile("a.gz", mode: 0o600)
        let index = try scratch.directory.createFile("a.index", mode: 0o600)
        let pipe = try FileDescriptor.pipe()
        defer {
            for descriptor in [output, index, pipe.readEnd] { try? descriptor.close() }
        }
        let feeder = Worker<Void>("feed") { () throws(ArchiveError) in
            defer { try? pipe.writeEnd.close() }
            for start in stride(from: 0, to: stream.count, by: piece) {
                try DescriptorIO.write(stream[start..<min(stream.count, start + piece)], to: pipe.writeEnd, "pipe")
            }
        }
        let outcome = try ArchiveIntake(stallTimeout: 10, threads: 1).run(
            input: pipe.readEnd, output: output, index: index, name: "a.gz", progress: TransferProgress())
        try feeder.wait()
        let packed = try FileDescriptor.open(FilePath(scratch.path + "/a.gz"), .readOnly)
        defer { try? packed.close() }
        let decoder = try GzipDecoder(packed, name: "a.gz")
        var written: [UInt8] = []
        while let chunk = try decoder.next() { written += Array(chunk.bytes) }
        if case .complete = outcome.end {
            let summary = try ArchiveFile(path: scratch.path + "/a.gz").walk(limits: .unrecorded)
            #expect(summary.totals == outcome.totals)
            #expect(summary.sequenceDigest == outcome.sequenceDigest)
        }
        return (written, outcome)
    }

    @Test(
        "Names that no path reaches are left out with what hangs on them, and all else is written untouched",
        arguments: [512, 700, 1 << 16])
    func leftOut(_ piece: Int) throws {
        let (all, kept) = try Self.stream()
        let (written, outcome) = try intake(all, piece: piece)
        guard case .complete = outcome.end else {
            Issue.record("\(outcome.end)")
            return
        }
        #expect(written == kept)
        #expect(outcome.totals.entries == 3)
        #expect(outcome.leftOut.count == 6)
        #expect(outcome.leftOut.names.first?.contains("600 components") == true)
        #expect(outcome.leftOut.names.contains { $0.contains("./link") })
    }

    @Test("The sieve gives the same bytes in pieces of any size")
    func sieve() throws {
        let (all, kept) = try Self.stream()
        var random = SplitMix(seed: 10)
        let sizes: [() -> Int] = [{ 1 }, { 511 }, { 512 }, { all.count }, { Int.random(in: 1...3000, using: &random) }]
        for size in sizes {
            var scanner = TarScanner(limits: .intake, sink: ModelSink(.all, paths: nil))
            var sieve = StreamSieve()
            var written: [UInt8] = []
            var start = 0
            while start < all.count {
                let chunk = Chunk(Array(all[start..<min(all.count, start + size())]))
                start += chunk.count
                try scanner.consume(chunk.bytes)
                let passed = sieve.pass(chunk, settled: scanner.settled, omitting: &scanner.omissions)
                written += Array(passed.bytes)
            }
            try scanner.finish()
            #expect(written + sieve.surrender() == kept)
            #expect(scanner.omissions.isEmpty)
        }
    }

    @Test("A name with .. among odd ones is refused as ever, and the stream is kept as it came")
    func hostile() throws {
        let (all, _) = try Self.stream()
        let bad = try Self.named("./../" + String(repeating: "d/", count: 600) + "x")
        let stream = Array(all.dropLast(1024)) + bad + TarEmitter.end
        let (written, outcome) = try intake(stream, piece: 700)
        guard case .refused(let violation) = outcome.end else {
            Issue.record("\(outcome.end)")
            return
        }
        #expect(violation.rule == .nameDotDot)
        #expect(written.suffix(bad.count + 1024) == (bad + TarEmitter.end)[...])
    }

    @Test("Only the intake leaves entries out: an archive that is read is refused for them")
    func reading() throws {
        let (all, _) = try Self.stream()
        #expect(try Scan(all) { 4096 }.violation?.rule == .nameTooDeep)
        #expect(try Scan(all, limits: .stream) { 4096 }.violation?.rule == .nameTooDeep)
    }

    @Test("Attributes of more than a mebibyte cost the entry, and a directory what lies below it")
    func attributes() throws {
        let value = [UInt8](repeating: 7, count: 65_000)
        let emitter = TarEmitter(properties: .all, keepsHoles: true)
        let large = try Item("d", .directory) { entry in
            entry.xattrs = (0..<17).map { ExtendedAttribute(name: Array("user.\($0)".utf8), value: value) }
        }
        let stream = try Emitted.stream([try Item("a"), large, try Item("d/f", content: [1]), try Item("z")], emitter)
        let (_, outcome) = try intake(stream, piece: 1 << 16)
        guard case .complete = outcome.end else {
            Issue.record("\(outcome.end)")
            return
        }
        #expect(outcome.leftOut.count == 2)
        #expect(outcome.totals.entries == 2)
        #expect(try Scan(stream) { 1 << 16 }.violation?.rule == .limitXattr)
    }

    @Test("GNU tar's own stream of 600 levels, a long name and links gives an archive of all the rest")
    func realTar() async throws {
        let scratch = try Scratch()
        try await shell(
            """
            cd \(scratch.path); mkdir v; cd v; echo first > a; mkdir sub; echo last > sub/z
            perl -e 'for (1..600) { mkdir "directory"; chdir "directory" } open F, ">file"; print F "deep"; close F'
            cd ..; tar -C v --format=posix --sparse -cf t.tar .
            """)
        let (written, outcome) = try intake(try readFile(scratch.path + "/t.tar"), piece: 1 << 16)
        guard case .complete = outcome.end else {
            Issue.record("\(outcome.end)")
            return
        }
        // 4095 bytes of "./directory/directory/…/" hold 409 levels; the others and the file are left out.
        #expect(outcome.leftOut.count == 192)
        try writeFile(scratch.path + "/w.tar", written)
        #expect(try await shell("tar -xOf \(scratch.path)/w.tar ./a ./sub/z | sort") == "first\nlast\n")
        try await shell("cd \(scratch.path); find v -depth -delete")
    }

    @Test("A map of 120 000 empty stretches and a pebibyte is read in seconds")
    func emptyStretches() throws {
        let size = UInt64(1) << 50
        let segments = (0..<120_000).map { SparseMap.Segment(offset: UInt64($0) << 30, length: 0) }
        let entry = try Item("lastlog") {
            $0.sparse = SparseMap(segments: segments, realSize: size)
            $0.size = size
        }
        let stream = try Emitted.stream([entry], TarEmitter(properties: .all, keepsHoles: true))
        let clock = ContinuousClock()
        var outcome: ArchiveIntake.Outcome?
        let time = try clock.measure {
            outcome = try intake(stream, piece: 1 << 16).outcome
        }
        #expect(time < .seconds(20))
        #expect(outcome?.holes.onlyCount == 1)
    }

    @Test("A sparse file is called by its own name in a refusal")
    func sparseName() throws {
        let segments = [SparseMap.Segment(offset: 0, length: 512), .init(offset: 1 << 50, length: 0)]
        let entry = try Item("var/lastlog", content: SplitMix.fixed(512)) {
            $0.sparse = SparseMap(segments: segments, realSize: 1 << 51)
            $0.size = 1 << 51
        }
        let emitter = TarEmitter(properties: .all, keepsHoles: true)
        let scan = try Scan(try Emitted.stream([try Item("var", .directory), entry], emitter)) { 512 }
        #expect(scan.violation?.rule == .limitBytes)
        #expect(scan.violation?.entry == "var/lastlog" || scan.violation?.entry == "./var/lastlog")
    }
}
