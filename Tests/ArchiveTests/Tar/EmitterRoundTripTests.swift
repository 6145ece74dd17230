import SystemPackage
import Testing

@testable import Archive

@Suite("What our emitter writes, our scanner reads")
struct EmitterRoundTripTests {
    private static let full = TarEmitter(properties: .all, keepsHoles: true)
    private static let plain = TarEmitter(properties: .busybox, keepsHoles: false)

    private func expectRoundTrip(_ items: [Item], _ emitter: TarEmitter) throws {
        let scan = try Scan(try Emitted.stream(items, emitter)) { 1 << 20 }
        #expect(scan.violation == nil)
        #expect(scan.events.count == items.count)
        for (event, item) in zip(scan.events, items) {
            var expected = item.entry
            if !emitter.properties.nanoseconds { expected.modified = Timestamp(seconds: expected.modified.seconds) }
            if !emitter.properties.attributes {
                expected.xattrs = []
                (expected.accessACL, expected.defaultACL) = (nil, nil)
            }
            #expect(event.entry == expected, "\(item.entry.path)")
            if emitter.keepsHoles { #expect(event.sparse == item.entry.sparse) }
            #expect(event.isComplete)
            guard item.entry.type == .file else { continue }
            let isOfBlocks = emitter.keepsHoles && item.entry.isTooSparse
            let digest = isOfBlocks ? ContentHashTests.defined(filled(item)) : SHA256.hash(filled(item))
            #expect(event.digest == digest, "\(item.entry.path)")
        }
    }

    /// A file's content with its holes filled.
    private func filled(_ item: Item) -> [UInt8] {
        guard let sparse = item.entry.sparse else { return item.content }
        var bytes = [UInt8](repeating: 0, count: Int(sparse.realSize))
        var start = 0
        for segment in sparse.segments {
            let count = Int(segment.length)
            bytes.replaceSubrange(
                Int(segment.offset)..<Int(segment.offset) + count, with: item.content[start..<start + count])
            start += count
        }
        return bytes
    }

    @Test("Every kind of entry comes back equal, with and without what only GNU tar can restore")
    func everyKind() throws {
        var items = [
            try Item(".", .directory, mode: 0o1777), try Item("d", .directory, mode: 0o2755, owner: 4_294_967_294),
            try Item("d/empty"), try Item("d/block", content: SplitMix.fixed(512)),
            try Item(
                "d/file", mode: 0o4755, owner: 1000, group: 2_097_152, time: -86_400, content: SplitMix.fixed(1000)),
            try Item("d/half", time: -2, nanoseconds: 500_000_000), try Item("d/ns", nanoseconds: 1),
            try Item("d/far", time: 1 << 40), try Item("d/fifo", .fifo, mode: 0o600),
            try Item("d/null", .characterDevice) { $0.device = DeviceNumber(major: 1, minor: 3) },
            try Item("d/disk", .blockDevice) { $0.device = DeviceNumber(major: 4_194_304, minor: 1_048_575) },
        ]
        for length in [94, 95, 96, 97, 98, 99, 100, 101, 155, 255] {
            items.append(try Item("d/" + String(repeating: "n", count: length), content: [1]))
            items.append(
                try Item("d/l\(length)", .symlink, mode: 0o777) {
                    $0.linkTarget = [UInt8](repeating: 0x74, count: length)
                })
            items.append(
                try Item("d/h\(length)", .hardlink) {
                    $0.hardlinkTarget = EntryPath(text: "d/" + String(repeating: "n", count: length))
                })
        }
        items.append(
            try Item("d/attributes", content: [9]) {
                $0.xattrs = [
                    ExtendedAttribute(name: Array("user.empty".utf8), value: []),
                    ExtendedAttribute(name: Array("user.bytes".utf8), value: [0, 0x0A, 0x3D, 0xFF]),
                    ExtendedAttribute(name: Array("user.a=b%c".utf8), value: [1]),
                    ExtendedAttribute(name: Array("user.".utf8) + [0xFF, 0xFE], value: [2]),
                ]
                $0.accessACL = Array("user::rw-\nuser:1000:r--\ngroup::r--\nmask::r--\nother::r--\n".utf8)
            })
        let segments = [SparseMap.Segment(offset: 4096, length: 512), .init(offset: 65_536, length: 288)]
        items.append(
            try Item("d/sparse", content: SplitMix.fixed(800)) {
                $0.sparse = SparseMap(segments: segments + [.init(offset: 100_000, length: 0)], realSize: 100_000)
                $0.size = 100_000
            })
        items.append(
            try Item("d/hole") {
                $0.sparse = SparseMap(segments: [.init(offset: 5000, length: 0)], realSize: 5000)
                $0.size = 5000
            })
        try expectRoundTrip(items, Self.full)
        try expectRoundTrip(items, Self.plain)
    }

    @Test("A map whose data do not end on a block is refused before the last of them")
    func unalignedSparse() throws {
        // GNU tar 1.34 begins the next stretch at the next block, bsdtar 3.6 and Python right behind: two files.
        let item = try Item("holes", content: Array("beginend".utf8)) {
            $0.sparse = SparseMap(
                segments: [.init(offset: 0, length: 5), .init(offset: 4096, length: 3)], realSize: 5000)
            $0.size = 5000
        }
        let scan = try Scan(try Emitted.stream([item], Self.full)) { 1 << 20 }
        #expect(scan.violation?.rule == .sparseMap)
    }

    @Test("A pax record's length counts its own digits, also where they become one more", arguments: 80...120)
    func recordLength(_ count: Int) throws {
        let record = TarEmitter.record(Array("path".utf8), [UInt8](repeating: 0x61, count: count))
        let parsed = try PaxRecords.split(record).map(\.value.count)
        #expect(parsed == [count])
    }

    @Test("Five hundred random trees come back equal", arguments: [TarEmitter](arrayLiteral: full, plain))
    func random(_ emitter: TarEmitter) throws {
        var random = SplitMix(seed: 20_261_123)
        for _ in 0..<250 { try expectRoundTrip(try tree(&random), emitter) }
    }

    private func tree(_ random: inout SplitMix) throws -> [Item] {
        var items = [try Item(".", .directory, mode: 0o755)]
        var directories: [[UInt8]] = [[]]
        var files: [EntryPath] = []
        for number in 0..<Int.random(in: 1...12, using: &random) {
            var name = directories.randomElement(using: &random) ?? []
            if !name.isEmpty { name.append(0x2F) }
            name += Array("\(number)-".utf8) + Self.name(&random)
            let type = EntryType.allCases.randomElement(using: &random) ?? .file
            var item = try Item(
                "x", type, mode: .random(in: 0...0o7777, using: &random),
                owner: UInt32.random(in: 0..<UInt32.max, using: &random) >> Int.random(in: 0...31, using: &random),
                group: UInt32.random(in: 0..<UInt32.max, using: &random) >> Int.random(in: 0...31, using: &random),
                time: Int64.random(in: (-1 << 45)...(1 << 45), using: &random)
                    >> Int.random(in: 0...45, using: &random),
                nanoseconds: Bool.random(using: &random) ? 0 : .random(in: 0...999_999_999, using: &random))
            item.entry.path = try EntryPath(archiveName: name)
            switch type {
            case .file:
                item.content = random.bytes(.random(in: 0...2000, using: &random))
                item.entry.size = UInt64(item.content.count)
                if Bool.random(using: &random) { Self.makeSparse(&item, &random) }
                files.append(item.entry.path)
            case .directory: directories.append(item.entry.path.bytes)
            case .symlink: item.entry.linkTarget = [0x2F] + Self.name(&random)
            case .hardlink:
                guard let target = files.randomElement(using: &random) else { continue }
                item.entry.hardlinkTarget = target
            case .characterDevice, .blockDevice:
                item.entry.device = DeviceNumber(
                    major: .random(in: 0...UInt32.max, using: &random),
                    minor: .random(in: 0...UInt32.max, using: &random))
            case .fifo: break
            }
            if Int.random(in: 0..<4, using: &random) == 0 {
                item.entry.xattrs = [
                    ExtendedAttribute(
                        name: Array("user.".utf8) + Self.name(&random),
                        value: random.bytes(.random(in: 0...300, using: &random)))
                ]
            }
            items.append(item)
        }
        return items
    }

    /// Up to 150 bytes of anything but NUL and slash.
    private static func name(_ random: inout SplitMix) -> [UInt8] {
        random.bytes(.random(in: 1...150, using: &random)).map { $0 == 0 || $0 == 0x2F ? 0x61 : $0 }
    }

    private static func makeSparse(_ item: inout Item, _ random: inout SplitMix) {
        var segments: [SparseMap.Segment] = []
        var offset: UInt64 = 0
        var rest = UInt64(item.content.count)
        while rest > 0 {
            offset += .random(in: 0...5000, using: &random)
            // All but the last are whole blocks, as GNU tar writes them.
            let length =
                Bool.random(using: &random) && rest > 512
                ? 512 * UInt64.random(in: 1...rest / 512, using: &random) : rest
            segments.append(.init(offset: offset, length: length))
            offset += length
            rest -= length
        }
        offset += .random(in: 0...5000, using: &random)
        item.entry.sparse = SparseMap(segments: segments + [.init(offset: offset, length: 0)], realSize: offset)
        item.entry.size = offset
    }
}

extension SplitMix {
    /// The same bytes on every call.
    static func fixed(_ count: Int) -> [UInt8] {
        var random = SplitMix(seed: 42)
        return random.bytes(count)
    }
}
