import Foundation
import Testing

@testable import Archive

@Suite("Store packages with one thing wrong")
struct HostilePackageTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let rule: Rule
        let bytes: [UInt8]

        init(_ what: String, _ rule: Rule, _ bytes: [UInt8]) {
            testDescription = what
            self.rule = rule
            self.bytes = bytes
        }

        init(_ what: String, _ rule: Rule, _ entry: ZipFixture.Entry) {
            self.init(what, rule, ZipFixture(entry).bytes())
        }

        init(_ what: String, _ rule: Rule, _ change: (inout ZipFixture) -> Void) {
            var fixture = ZipFixture(.init(), .init(name: "install.sh"))
            change(&fixture)
            self.init(what, rule, fixture.bytes())
        }
    }

    /// `{}` deflated: by hand, a stored block.
    static let deflated: [UInt8] = [1, 2, 0, 0xfd, 0xff] + Array("{}".utf8)

    static let structure: [Case] = [
        Case("nothing", .zipEnd, []),
        Case("no ZIP", .zipEnd, [UInt8](repeating: 0x50, count: 400)),
        Case("a comment", .zipEnd) { $0.comment = Array("PK".utf8) },
        Case("bytes behind the end", .zipEnd) { $0.behind = [0] },
        Case("a second end record as comment", .zipDirectory) { $0.comment = ZipFixture().bytes() },
        Case("a second file behind the first", .zipDirectory) { $0.behind = ZipFixture(.init()).bytes() },
        Case("several disks", .zipEnd) { $0.changeEnd = { $0[4] = 1 } },
        Case("more entries elsewhere", .zipEnd) { $0.changeEnd = { $0[10] = 3 } },
        Case("fewer entries than the directory", .zipDirectory) { $0.changeEnd = { ($0[8], $0[10]) = (1, 1) } },
        Case("more entries than the directory", .zipDirectory) { $0.changeEnd = { ($0[8], $0[10]) = (3, 3) } },
        Case("17 entries", .zipEntries) { $0.changeEnd = { ($0[8], $0[10]) = (17, 17) } },
        Case("65535 entries, as zip64 says", .zipEntries) {
            $0.changeEnd = { $0.replaceSubrange(8..<12, with: [255, 255, 255, 255]) }
        },
        Case("a directory at another place", .zipDirectory) { $0.changeEnd = { $0[16] += 1 } },
        Case("a directory beyond the file", .zipDirectory) {
            $0.changeEnd = { $0.replaceSubrange(12..<20, with: [UInt8](repeating: 0xff, count: 8)) }
        },
        Case("bytes before the first entry", .zipLayout) { $0.before = Array("#!/bin/sh\n".utf8) },
        Case("bytes before the directory", .zipLayout) { $0.gap = [0] },
        Case("two entries at one place", .zipLayout) { $0.entries[1].shift = -42 - 3 },
        Case("an entry that begins later", .zipLayout) { $0.entries[1].shift = 1 },
        Case("a gap between entries", .zipLayout) { $0.entries[0].descriptor = [0, 0] },
        Case("an entry that holds the next one", .zipLayout) { fixture in
            let inner = ZipFixture(.init(name: "install.sh")).bytes()
            fixture.entries[0].packed = Array(inner.prefix(42))
            fixture.entries[0].size = 42
            fixture.entries[1].shift = -42
        },
        Case("an entry that reaches into the directory", .zipLayout, .init(size: 100, packedSize: 100)),
    ]

    static let entries: [Case] = [
        Case("another name in the local header", .zipLocal, .init(change: { $0.name = Array("manifesT.json".utf8) })),
        Case("a longer name in the local header", .zipLocal, .init(change: { $0.name += [0x2e] })),
        Case("another size in the local header", .zipLocal, .init(change: { $0.size = 1 })),
        Case("another packed size in the local header", .zipLocal, .init(change: { $0.packedSize = 1 })),
        Case("another CRC in the local header", .zipLocal, .init(change: { $0.crc ^= 1 })),
        Case("no CRC in the local header", .zipLocal, .init(change: { $0.crc = 0 })),
        Case("another method in the local header", .zipLocal, .init(change: { $0.method = 8 })),
        Case("encryption in the local header alone", .zipLocal, .init(change: { $0.flags = 1 })),
        Case("another date in the local header", .zipLocal, .init(change: { $0.date += 1 })),
        Case("another version in the local header", .zipLocal, .init(change: { $0.version = 45 })),
        Case("a path", .zipName, .init(name: "notes/manifest.json")),
        Case("a path that climbs", .zipName, .init(name: "../manifest.json")),
        Case("an absolute path", .zipName, .init(name: "/manifest.json")),
        Case("a backslash", .zipName, .init(name: "..\\manifest.json")),
        Case("a NUL", .zipName, .init(name: "manifest.json\0.txt")),
        Case("a line feed", .zipName, .init(name: "manifest.json\n")),
        Case("a letter of another script", .zipName, .init(name: "m\u{430}nifest.json")),
        Case("no name", .zipName, .init(name: "")),
        Case("a symbolic link", .zipType, .init(attributes: 0o120777 << 16)),
        Case("a directory", .zipType, .init(attributes: 0o040755 << 16)),
        Case("a device", .zipType, .init(attributes: 0o060600 << 16)),
        Case("a directory of MS-DOS", .zipType, .init(attributes: 0x10)),
        Case("encryption", .zipMethod, .init(flags: 1)),
        Case("strong encryption", .zipMethod, .init(flags: 1 << 6)),
        Case("masked headers", .zipMethod, .init(flags: 1 << 13)),
        Case("patched data", .zipMethod, .init(flags: 1 << 5)),
        Case("version 4.5, zip64", .zipMethod, .init(version: 45)),
        Case("zip64 sizes", .zipMethod, .init(size: .max)),
        Case("bzip2", .zipMethod, .init(method: 12)),
        Case("LZMA", .zipMethod, .init(method: 14)),
        Case("stored with two sizes", .zipMethod, .init(size: 1)),
        Case(
            "stored with its size behind it", .zipMethod,
            .init(
                flags: 8,
                descriptor: ZipFixture.descriptor(Array("{}".utf8), packed: Array("{}".utf8), signature: true))),
        Case("a comment", .zipDirectory, .init(comment: [0x2e])),
        Case("a zip64 extra field", .zipExtra, .init(extra: [1, 0, 8, 0, 2, 0, 0, 0, 0, 0, 0, 0])),
        Case("another name in an extra field", .zipExtra, .init(extra: [0x75, 0x70, 1, 0, 1])),
        Case("a zip64 extra field in the local header", .zipExtra, .init(localExtra: [1, 0, 0, 0])),
        Case("an extra field that is cut", .zipExtra, .init(extra: [0x55, 0x54, 9, 0, 1])),
        Case("an extra field of three bytes", .zipExtra, .init(extra: [0x55, 0x54, 0])),
        Case("another CRC", .zipCRC, .init(crc: 7)),
        Case("another CRC of deflated data", .zipCRC, .init(packed: deflated, method: 8, crc: 7)),
        Case("damaged deflate data", .zipData, .init(packed: [7, 7, 7], method: 8)),
        Case("more than the size says", .zipData, .init(packed: deflated, method: 8, size: 1)),
        Case("less than the size says", .zipData, .init(packed: deflated, method: 8, size: 3)),
        Case("bytes behind the deflate data", .zipData, .init(packed: deflated + [0], method: 8)),
        Case("deflate data without an end", .zipData, .init(packed: [0] + deflated.dropFirst(), method: 8)),
        Case("a descriptor with another CRC", .zipLocal, descriptor { $0[4] ^= 1 }),
        Case("a descriptor with another size", .zipLocal, descriptor { $0[12] = 9 }),
        Case("no descriptor", .zipLocal, descriptor { $0 = [] }),
        Case("a descriptor of zip64", .zipLayout, descriptor { $0 += [0, 0, 0, 0, 0, 0, 0, 0] }),
    ]

    private static func descriptor(_ change: (inout [UInt8]) -> Void) -> ZipFixture.Entry {
        var entry = ZipFixture.Entry(packed: deflated, method: 8, flags: 8)
        entry.descriptor = ZipFixture.descriptor(entry.data, packed: deflated, signature: true)
        change(&entry.descriptor)
        return entry
    }

    @Test("the file", arguments: Self.structure)
    func file(_ hostile: Case) { expectRefusal(hostile) }

    @Test("an entry", arguments: Self.entries)
    func entry(_ hostile: Case) { expectRefusal(hostile) }

    private func expectRefusal(_ hostile: Case) {
        let error = failure { _ = try StorePackage(zip: hostile.bytes) }
        #expect(error?.code == .refused)
        #expect(error?.violation?.rule == hostile.rule, "\(error?.message ?? "accepted")")
        #expect(error?.message.contains("\n") == false)
    }

    @Test("the pieces these are made of are a package when nothing is wrong")
    func sound() throws {
        #expect(try StorePackage(zip: ZipFixture(.init(), .init(name: "install.sh")).bytes()).installScript != nil)
        let entries: [ZipFixture.Entry] = [
            .init(packed: Self.deflated, method: 8), Self.descriptor { _ in }, Self.descriptor { $0.removeFirst(4) },
            .init(attributes: 0), .init(flags: 1 << 11, version: 10), .init(extra: [0x75, 0x78, 1, 0, 1]),
        ]
        for entry in entries {
            #expect(try StorePackage(zip: ZipFixture(entry).bytes()).manifest == Array("{}".utf8))
        }
    }

    @Test("a name that stands twice is refused, also when both are the same bytes")
    func twice() {
        let error = failure { _ = try StorePackage(zip: ZipFixture(.init(), .init()).bytes()) }
        #expect(error?.violation?.rule == .zipName)
    }

    @Test("a bomb is refused before it is inflated, and one that lies about its size after a mebibyte")
    func bomb() async throws {
        let python = """
            import io, sys, zipfile
            kept = io.BytesIO()
            with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as file: file.writestr("manifest.json", bytes(1 << 28))
            sys.stdout.buffer.write(kept.getvalue())
            """
        var bytes = try await ZipFixture.tool(["python3", "-c", python])
        #expect(bytes.count < 1 << 20)
        #expect(failure { _ = try StorePackage(zip: bytes) }?.violation?.rule == .zipSize)
        // The size in both headers, at their 22nd and 24th byte.
        let directory = try #require(bytes.indices.last { bytes[$0...].starts(with: [0x50, 0x4b, 1, 2]) })
        for place in [22, directory + 24] { bytes.replaceSubrange(place..<place + 4, with: [0, 0, 8, 0]) }
        #expect(failure { _ = try StorePackage(zip: bytes) }?.violation?.rule == .zipData)
        let large = [UInt8](repeating: 0x20, count: (1 << 20) + 1)
        #expect(failure { _ = try StorePackage(zip: large) }?.violation?.rule == .zipSize)
    }

    @Test("a file that is cut anywhere is refused")
    func cut() {
        let bytes = StorePackageTests.package.zip()
        for count in bytes.indices {
            #expect(failure { _ = try StorePackage(zip: Array(bytes[..<count])) }?.code == .refused, "\(count)")
        }
    }

    @Test("whichever byte is changed, it is refused or says the same")
    func flipped() throws {
        let package = StorePackage(manifest: Array("{}".utf8), composeTemplate: Array("a: b".utf8))
        let bytes = package.zip()
        for place in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[place] ^= 1 << UInt8(bit)
                do throws(ArchiveError) {
                    #expect(try StorePackage(zip: changed) == package, "byte \(place)")
                } catch {
                    #expect(error.code == .refused)
                }
            }
        }
    }
}
