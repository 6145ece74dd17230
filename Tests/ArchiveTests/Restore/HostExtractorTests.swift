import Foundation
import Glibc
import SystemPackage
import Testing

@testable import Archive

@Suite("Extraction onto the host")
struct HostExtractorTests {
    private static let emitter = TarEmitter(properties: .all, keepsHoles: true)

    /// A .tar.gz of the items in a directory of its own.
    private func archive(_ items: [Item], in scratch: Scratch, _ name: String = "a") async throws -> ArchiveFile {
        try writeFile("\(scratch.path)/\(name).tar", try Emitted.stream(items, Self.emitter))
        try await shell("gzip -nf \(scratch.path)/\(name).tar")
        return try ArchiveFile(path: "\(scratch.path)/\(name).tar.gz")
    }

    @discardableResult
    private func extract(
        _ items: [Item], in scratch: Scratch, rules: HostRules = .strict, selection: EntrySelection = .all
    ) async throws -> [String] {
        try HostExtractor(limits: .unrecorded, rules: rules, selection: selection).extract(
            try await archive(items, in: scratch), to: FilePath(scratch.path + "/out")
        ).warnings
    }

    private static func tree() throws -> [Item] {
        [
            try Item(".", .directory, mode: 0o750, time: 1000), try Item("d", .directory, mode: 0o2555, time: 2000),
            try Item("d/file", mode: 0o4755, time: 3000, nanoseconds: 5, content: Array("hello".utf8)) {
                $0.xattrs = [ExtendedAttribute(name: Array("user.a=b".utf8), value: Array("text".utf8))]
            },
            try Item("d/hard", .hardlink, time: 3000) { $0.hardlinkTarget = EntryPath(text: "d/file") },
            try Item("d/soft", .symlink, mode: 0o777, time: -5) { $0.linkTarget = Array("../d/file".utf8) },
            try Item("d/e", .directory, mode: 0o755, time: 4000), try Item("d/e/empty", mode: 0, time: 5000),
            try Item("holes", time: 6000, content: [7]) {
                $0.sparse = SparseMap(
                    segments: [.init(offset: 1_000_000, length: 1), .init(offset: 2_000_000, length: 0)],
                    realSize: 2_000_000)
                $0.size = 2_000_000
            },
        ]
    }

    @Test("Content, modes, times of files and directories, links and holes are as the archive has them")
    func faithful() async throws {
        let scratch = try Scratch()
        let warnings = try await extract(Self.tree(), in: scratch)
        let found = try await shell("cd \(scratch.path)/out && find . -printf '%p %y %m %T@ %s %n %l\\n' | sort")
            .split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            .map { $0.replacing(/^(\S+ d \d+ \S+) .*$/) { "\($0.output.1)" } }
        // setgid stays on a directory; setuid is for recorded archives.
        #expect(
            found == [
                ". d 750 1000.0000000000", "./d d 2555 2000.0000000000", "./d/e d 755 4000.0000000000",
                "./d/e/empty f 0 5000.0000000000 0 1", "./d/file f 755 3000.0000000050 5 2",
                "./d/hard f 755 3000.0000000050 5 2", "./d/soft l 777 -5.0000000000 9 1 ../d/file",
                "./holes f 644 6000.0000000000 2000000 1",
            ])
        #expect(try await shell("cat \(scratch.path)/out/d/hard") == "hello")
        #expect(
            try await shell("stat -c %i \(scratch.path)/out/d/file") == shell("stat -c %i \(scratch.path)/out/d/hard"))
        #expect(try await shell("stat -c %b \(scratch.path)/out/holes") == "8\n")
        let value = try await shell(
            "getfattr --only-values --absolute-names -n user.a=b \(scratch.path)/out/d/file || true")
        #expect(value == "text" || !warnings.isEmpty)
    }

    @Test("As recorded, setuid stays and a fifo is made", .enabled(if: geteuid() == 0, "needs root"))
    func asRecorded() async throws {
        let scratch = try Scratch()
        let items =
            try Self.tree() + [
                try Item("pipe", .fifo, mode: 0o640, owner: 5, time: 7000),
                try Item("null", .characterDevice, mode: 0o666, time: 7000) {
                    $0.device = DeviceNumber(major: 1, minor: 3)
                },
                try Item("away", .symlink, owner: 4, time: 7000) { $0.linkTarget = Array("/etc/passwd".utf8) },
            ]
        try await extract(items, in: scratch, rules: HostRules(asRecorded: true, owners: true))
        let found = try await shell("cd \(scratch.path)/out && stat -c '%n %F %a %u %t:%T %Y' d/file pipe null away")
        #expect(
            found == """
                d/file regular file 4755 0 0:0 3000
                pipe fifo 640 5 0:0 7000
                null character special file 666 0 1:3 7000
                away symbolic link 777 4 0:0 7000

                """)
    }

    @Test("Nothing is left of what is refused", arguments: ["device", "fifo", "link", "structure", "hard link"])
    func refused(_ kind: String) async throws {
        let scratch = try Scratch()
        var items = try Self.tree()
        var selection = EntrySelection.all
        var rule: Rule?
        switch kind {
        case "device": (rule, items) = (.hostDevice, items + [try Item("b", .blockDevice)])
        case "fifo": (rule, items) = (.hostFIFO, items + [try Item("b", .fifo)])
        case "link":
            items.append(try Item("b", .symlink) { $0.linkTarget = Array("../b".utf8) })
            rule = .hostLinkOutside
        case "structure": (rule, items) = (.treeDuplicate, items + [try Item("holes")])
        default: selection = EntrySelection(paths: [try #require(EntryPath(text: "d/hard"))])
        }
        let error = await failure { try await extract(items, in: scratch, selection: selection) }
        #expect(error?.code == .refused)
        #expect(error?.violation?.rule == rule)
        #expect(try scratch.names().sorted() == ["a.tar.gz"])
    }

    @Test("A target that holds something is left as it is; an empty one is taken")
    func target() async throws {
        let scratch = try Scratch()
        try scratch.write("out/mine", "text")
        #expect(await failure { try await extract(Self.tree(), in: scratch) }?.code == .exists)
        #expect(try scratch.read("out/mine") == "text")
        try await shell("rm \(scratch.path)/out/mine")
        try await extract(Self.tree(), in: scratch)
        #expect(try await shell("cat \(scratch.path)/out/d/file") == "hello")
        try await shell("rm -rf \(scratch.path)/out; ln -s /nowhere \(scratch.path)/out")
        #expect(await failure { try await extract(Self.tree(), in: scratch) }?.code == .exists)
    }

    @Test("A file that changes between the two passes is refused, and nothing is left")
    func changed() async throws {
        let scratch = try Scratch()
        let file = try await archive(Self.tree(), in: scratch)
        var other = try Self.tree()
        other[2].content = Array("other".utf8)
        _ = try await archive(other, in: scratch, "b")
        let path = scratch.path
        let error = failure {
            _ = try HostExtractor(limits: .unrecorded, rules: .strict).extract(file, to: FilePath(path + "/out")) {
                _ throws(ArchiveError) in
                // The same inode, as someone who may write the file would do it.
                do { try writeFile(path + "/a.tar.gz", readFile(path + "/b.tar.gz")) } catch { Issue.record(error) }
            }
        }
        #expect(error?.code == .refused)
        #expect(error?.message.contains("changed while it was read") == true)
        #expect(try scratch.names().sorted() == ["a.tar.gz", "b.tar.gz"])
    }

    @Test("A record that does not agree refuses before anything is written")
    func record() async throws {
        let scratch = try Scratch()
        let file = try await archive(Self.tree(), in: scratch)
        let error = failure {
            _ = try HostExtractor(limits: .unrecorded, rules: .strict).extract(
                file, to: FilePath(scratch.path + "/out")
            ) {
                summary throws(ArchiveError) in
                throw ArchiveError(.refused, "\(summary.totals.entries)")
            }
        }
        #expect(error?.message == "8")
        #expect(try scratch.names() == ["a.tar.gz"])
    }

    @Test("Only the selected paths are made, with the directories above them")
    func selection() async throws {
        let scratch = try Scratch()
        try await extract(
            Self.tree(), in: scratch, selection: EntrySelection(paths: [try #require(EntryPath(text: "d/e"))]))
        #expect(try await shell("cd \(scratch.path)/out && find . | sort") == ".\n./d\n./d/e\n./d/e/empty\n")
    }

    @Test(
        "A link points outside when it is absolute, climbs above the tree, or climbs behind a name",
        arguments: [
            ("a", "b", false), ("a", ".", false), ("a", "..", true), ("a/b", "..", false), ("a/b", "../..", true),
            ("a/b", "../c/d", false), ("a/b", ".././/c", false), ("a/b/c", "../../d", false), ("a/b", "/etc", true),
            ("a/b", "c/../d", true), ("a/b", "..c", false), ("a/b", "...", false), ("a/b", "//x", true),
            ("a/b", "../../a", true), ("a/b/c", ".././../d", false), ("a", "./..", true),
        ])
    func outside(_ path: String, _ target: String, _ isOutside: Bool) throws {
        let item = try Item(path, .symlink) { $0.linkTarget = Array(target.utf8) }
        #expect(HostRules.pointsOutside(item.entry) == isOutside)
    }
}
