import Foundation
import Testing

@testable import Archive

@Suite("How a stream is cut changes nothing")
struct ScannerChunkingTests {
    /// What other tools write of one tree: each with its command.
    private static let tools = [
        "GNU tar, gnu format": "tar --format=gnu -cf -", "GNU tar, posix format": "tar --format=posix -cf -",
        "GNU tar, old sparse files": "tar --format=gnu -S -cf -",
        "GNU tar, pax sparse files with attributes": "tar --format=posix -S --xattrs --acls -cf -",
        "busybox tar": "busybox tar -cf -", "bsdtar": "bsdtar --format=gnutar -cf -",
    ]

    /// Long names, links, holes of several segments, an empty file, attributes where the file system has them.
    private static let tree = """
        mkdir -p d/e; printf hello > d/file; : > d/empty; ln d/file d/hard; ln -s ../nowhere d/soft; mkfifo d/fifo
        long=$(printf 'n%.0s' $(seq 120)); printf long > "d/$long"; ln -s "$long$long" d/longlink; ln "d/$long" d/hardlong
        truncate -s 300000 d/holes
        for at in 0 20 40 60; do printf data | dd of=d/holes bs=4096 seek=$at conv=notrunc status=none; done
        setfattr -n user.comment -v text d/file 2>/dev/null || true
        touch -d @1700000000.123456789 d/file; chmod 4755 d/file
        """

    private func expectSame(_ stream: [UInt8], limits: ArchiveLimits = .unrecorded, _ name: String) throws -> Scan {
        let whole = try Scan(stream, limits: limits) { stream.count }
        var random = SplitMix(seed: UInt64(stream.count))
        var ways: [(String, () -> Int)] = [
            ("blocks", { 512 }), ("odd pieces", { 511 }),
            ("random pieces", { Int.random(in: 1...3000, using: &random) }),
        ]
        // Byte by byte costs seconds for the few large ones.
        if stream.count < 200_000 { ways.append(("single bytes", { 1 })) }
        for (way, size) in ways {
            let pieces = try Scan(stream, limits: limits, piece: size)
            #expect(pieces == whole, "\(name) in \(way)")
            #expect(pieces.settledIsSound, "\(name) in \(way)")
        }
        return whole
    }

    @Test("Streams of other tools give the same events in one piece, byte by byte, and in random pieces")
    func otherTools() async throws {
        let scratch = try Scratch()
        for (name, command) in Self.tools.sorted(by: { $0.key < $1.key }) {
            try await shell("cd \(scratch.path); [ -d d ] || { \(Self.tree); }; \(command) d > stream.tar")
            let scan = try expectSame(try readFile(scratch.path + "/stream.tar"), name)
            #expect(scan.violation == nil, "\(name)")
            #expect(scan.events.count == 11, "\(name)")
            #expect(!scan.hasUnfinished, "\(name)")
        }
    }

    @Test("Good archives of the corpus do, too", arguments: Corpus.files("good", only: nil))
    func good(_ name: String) async throws {
        let file = try #require(Corpus.shared[name])
        let scan = try expectSame(try await inflated(name), limits: file.archiveLimits, name)
        #expect(scan.violation == nil)
        #expect(UInt64(scan.events.count) == file.entries)
    }

    @Test("Hostile archives break the same rule at the same byte", arguments: Corpus.files("hostile", only: nil))
    func hostile(_ name: String) async throws {
        let file = try #require(Corpus.shared[name])
        let stream = try await inflated(name)
        guard stream.count < 4 << 20 else { return }
        _ = try expectSame(stream, limits: file.archiveLimits, name)
    }

    @Test("A stream that stops at any byte is refused, and never as complete")
    func everyTruncation() throws {
        let emitter = TarEmitter(properties: .all, keepsHoles: true)
        let items = [
            try Item("d", .directory, mode: 0o755), try Item("d/file", nanoseconds: 7, content: SplitMix.fixed(700)),
            try Item("d/" + String(repeating: "n", count: 120)),
        ]
        let stream = try Emitted.stream(items, emitter)
        for end in 0..<stream.count {
            let scan = try Scan(Array(stream[..<end])) { end }
            let rules: [Rule?] = [.tarTruncated, .tarEndMissing]
            #expect(rules.contains(scan.violation?.rule), "\(end)")
        }
    }

    private func inflated(_ name: String) async throws -> [UInt8] {
        let scratch = try Scratch()
        // Some are damaged on purpose: whatever comes out is a stream.
        try await shell(
            "gzip -dc '\(Corpus.path(name))' 2>/dev/null | head -c 8388608 > \(scratch.path)/stream.tar; true")
        return try readFile(scratch.path + "/stream.tar")
    }
}
