import Foundation
import Glibc
import Testing

@testable import Archive

/// The judges are GNU tar 1.34, busybox 1.35, bsdtar 3.6 and Python's tarfile as Debian 12 has them; they run with the
/// tests, so the bytes and values below are theirs, not ours.
@Suite("What our emitter writes, other tools read", .enabled(if: geteuid() == 0, "owners and devices need root"))
struct EmitterGoldenTests {
    private static let plain = TarEmitter(properties: .busybox, keepsHoles: false)
    private static let full = TarEmitter(properties: .all, keepsHoles: true)
    private static let long = String(repeating: "n", count: 120)

    private static func table() throws -> [Item] {
        [
            try Item(".", .directory, mode: 0o1777, time: 1_600_000_000),
            try Item("d", .directory, mode: 0o2750, owner: 7, group: 8, time: 1_600_000_001),
            try Item("d/file", mode: 0o4755, owner: 1000, group: 1001, content: Array("hello".utf8)),
            try Item("d/empty", mode: 0, time: 0),
            try Item("d/\(long)", owner: 3_000_000_000, group: 4_294_967_294, content: SplitMix.fixed(600)),
            try Item("d/hard", .hardlink, mode: 0o4755, owner: 1000, group: 1001) {
                $0.hardlinkTarget = EntryPath(text: "d/file")
            },
            try Item("d/hardlong", .hardlink, owner: 3_000_000_000, group: 4_294_967_294) {
                $0.hardlinkTarget = EntryPath(text: "d/\(long)")
            },
            try Item("d/soft", .symlink, mode: 0o777, owner: 5) { $0.linkTarget = Array("../no where".utf8) },
            try Item("d/softlong", .symlink, mode: 0o777) { $0.linkTarget = Array((long + long).utf8) },
            try Item("d/fifo", .fifo, mode: 0o600),
            try Item("d/null", .characterDevice, mode: 0o666) { $0.device = DeviceNumber(major: 1, minor: 3) },
            try Item("d/disk", .blockDevice, mode: 0o660, group: 6) {
                $0.device = DeviceNumber(major: 259, minor: 70_000)
            },
        ]
    }

    private static let extractors = [
        "tar": "tar --numeric-owner -xpf", "busybox": "busybox tar -xpf", "bsdtar": "bsdtar --numeric-owner -xpf",
        "python3": "python3 -c 'import sys,tarfile;tarfile.open(sys.argv[1]).extractall(numeric_owner=True)'",
    ]

    @Test(
        "All four extract names, types, modes, owners, sizes, links and devices as they are",
        arguments: extractors.keys.sorted())
    func extracts(_ tool: String) async throws {
        let scratch = try Scratch()
        try writeFile(scratch.path + "/a.tar", try Emitted.stream(Self.table(), Self.plain))
        let command = try #require(Self.extractors[tool])
        try await shell("umask 0; mkdir \(scratch.path)/out && cd \(scratch.path)/out && \(command) ../a.tar")
        let found = try await shell(
            "cd \(scratch.path)/out && find . -mindepth 1 -printf '%p\\n' | sort | xargs -d '\\n' stat -c '%n %F %a %u:%g %h %t:%T'"
        )
        let long = Self.long
        // busybox leaves a link to whoever extracts, and to the group of a setgid directory (docs/archives.md).
        let links = tool == "busybox" ? ["0:8", "0:8"] : ["5:0", "0:0"]
        #expect(
            found == """
                ./d directory 2750 7:8 2 0:0
                ./d/disk block special file 660 0:6 1 103:11170
                ./d/empty regular empty file 0 0:0 1 0:0
                ./d/fifo fifo 600 0:0 1 0:0
                ./d/file regular file 4755 1000:1001 2 0:0
                ./d/hard regular file 4755 1000:1001 2 0:0
                ./d/hardlong regular file 644 3000000000:4294967294 2 0:0
                ./d/\(long) regular file 644 3000000000:4294967294 2 0:0
                ./d/null character special file 666 0:0 1 1:3
                ./d/soft symbolic link 777 \(links[0]) 1 0:0
                ./d/softlong symbolic link 777 \(links[1]) 1 0:0

                """)
        #expect(try await shell("cat \(scratch.path)/out/d/hard") == "hello")
        #expect(try readFile("\(scratch.path)/out/d/hardlong") == SplitMix.fixed(600))
        #expect(
            try await shell("readlink \(scratch.path)/out/d/softlong \(scratch.path)/out/d/soft")
                == "\(long)\(long)\n../no where\n")
        #expect(
            try await shell("stat -c %Y \(scratch.path)/out/d/file \(scratch.path)/out/d/empty") == "1700000000\n0\n")
    }

    @Test("All four list the entries in order")
    func lists() async throws {
        let scratch = try Scratch()
        let items = try Self.table()
        try writeFile(scratch.path + "/a.tar", try Emitted.stream(items, Self.plain))
        let names = items.map { item in
            String(decoding: item.entry.path.archiveName, as: UTF8.self)
                + (item.entry.type == .directory && !item.entry.path.isRoot ? "/" : "")
        }
        let expected = names.joined(separator: "\n") + "\n"
        for command in ["tar -tf", "busybox tar -tf", "bsdtar -tf"] {
            #expect(try await shell("\(command) \(scratch.path)/a.tar") == expected, "\(command)")
        }
        let python = try await shell("python3 -m tarfile -l \(scratch.path)/a.tar")
        #expect(python.split(separator: "\n").count == items.count)
    }

    @Test("Headers are GNU tar's own, byte for byte")
    func sameBytesAsGNUTar() async throws {
        let scratch = try Scratch()
        let long = Self.long
        try await shell(
            """
            cd \(scratch.path) && mkdir -m 2750 d && printf hello > d/file && chmod 4755 d/file && mkfifo -m 600 d/fifo \
            && ln -s '../no where' d/soft && mknod -m 666 d/null c 1 3 && head -c 600 /dev/zero > d/\(long) \
            && ln d/file d/hard && printf x > d/huge && truncate -s 9G d/huge && printf '' > d/old \
            && chown -h 3000000000:1001 d/* && chmod 4755 d/file && touch -hd @1700000000 d/* d && touch -d @-86400 d/old
            """)
        var items = try [
            "d": Item("d", .directory, mode: 0o2750),
            "d/file": Item("d/file", mode: 0o4755, content: Array("hello".utf8)),
            "d/fifo": Item("d/fifo", .fifo, mode: 0o600), "d/\(long)": Item("d/\(long)", content: SplitMix.fixed(600)),
            "d/soft": Item("d/soft", .symlink, mode: 0o777) { $0.linkTarget = Array("../no where".utf8) },
            "d/null": Item("d/null", .characterDevice, mode: 0o666) { $0.device = DeviceNumber(major: 1, minor: 3) },
            "d/huge": Item("d/huge") { $0.size = 9 << 30 }, "d/old": Item("d/old", time: -86_400),
        ]
        for name in items.keys where name != "d" {
            items[name]?.entry.uid = 3_000_000_000
            items[name]?.entry.gid = 1001
        }
        for (name, item) in items {
            let ours = Self.plain.headers(item.entry)
            try await shell(
                "cd \(scratch.path) && tar --format=gnu --numeric-owner --no-recursion -cf - './\(name)' 2>/dev/null"
                    + " | head -c \(ours.count) > header; true")
            let theirs = try readFile(scratch.path + "/header")
            #expect(ours == theirs, "\(name)")
        }
    }

    private static let begin = SplitMix.fixed(512)

    private static func demanding() throws -> [Item] {
        [
            try Item(".", .directory, mode: 0o755, nanoseconds: 123_456_789),
            try Item("early", time: -2, nanoseconds: 500_000_000), try Item("n-\(long)", nanoseconds: 7),
            try Item("attributes", owner: 3_000_000_000, content: [1]) {
                $0.xattrs = [ExtendedAttribute(name: Array("user.a=b%".utf8), value: Array("a\nb".utf8))]
                $0.accessACL = Array("user::rw-\nuser:1000:r--\ngroup::r--\nmask::r--\nother::r--\n".utf8)
            },
            try Item("holes", content: begin + Array("end".utf8)) {
                $0.sparse = SparseMap(
                    segments: [
                        .init(offset: 0, length: 512), .init(offset: 1_048_576, length: 3),
                        .init(offset: 3_000_000, length: 0),
                    ], realSize: 3_000_000)
                $0.size = 3_000_000
            },
        ]
    }

    @Test("GNU tar restores nanoseconds, attributes, ACLs and holes from our pax headers")
    func pax() async throws {
        let scratch = try Scratch()
        try writeFile(scratch.path + "/a.tar", try Emitted.stream(Self.demanding(), Self.full))
        let out = scratch.path + "/out"
        try await shell(
            "mkdir \(out) && cd \(out) && tar --numeric-owner --xattrs --xattrs-include=* --acls -xpf ../a.tar && getfacl -nc attributes > ../acl"
        )
        // find prints seconds and nanoseconds side by side: -2 and 0.5 are -1.5.
        let found = try await shell("cd \(out) && find . -printf '%p %T@ %U\\n' | sort")
        #expect(
            found == """
                . 1700000000.1234567890 0
                ./attributes 1700000000.0000000000 3000000000
                ./early -2.5000000000 0
                ./holes 1700000000.0000000000 0
                ./n-\(Self.long) 1700000000.0000000070 0

                """)
        #expect(try await shell("cd \(out) && getfattr --only-values -n 'user.a=b%' attributes") == "a\nb")
        #expect(try await shell("grep -c user:1000:r-- \(scratch.path)/acl") == "1\n")
        try expectHoles(out)
        #expect(try #require(Int(try await shell("stat -c %b \(out)/holes").trimmingCharacters(in: .newlines))) < 100)
    }

    private func expectHoles(_ out: String) throws {
        var holes = [UInt8](repeating: 0, count: 3_000_000)
        holes.replaceSubrange(0..<512, with: Self.begin)
        holes.replaceSubrange(1_048_576..<1_048_579, with: "end".utf8)
        #expect(try readFile(out + "/holes") == holes)
    }

    @Test("bsdtar and Python read the same sparse file, names and times", arguments: ["bsdtar", "python3"])
    func paxElsewhere(_ tool: String) async throws {
        let scratch = try Scratch()
        try writeFile(scratch.path + "/a.tar", try Emitted.stream(Self.demanding(), Self.full))
        let command = try #require(Self.extractors[tool])
        try await shell("mkdir \(scratch.path)/out && cd \(scratch.path)/out && \(command) ../a.tar")
        try expectHoles(scratch.path + "/out")
        #expect(try await shell("cd \(scratch.path)/out && stat -c %Y n-*") == "1700000000\n")
    }

    @Test("A receiver that keeps no holes gets zeros", arguments: extractors.keys.sorted())
    func zeros(_ tool: String) async throws {
        let scratch = try Scratch()
        try writeFile(scratch.path + "/a.tar", try Emitted.stream(Self.demanding(), Self.plain))
        let command = try #require(Self.extractors[tool])
        // busybox's times before 1970 are its own (docs/archives.md): its complaint is not the matter here.
        try await shell("mkdir \(scratch.path)/out && cd \(scratch.path)/out && \(command) ../a.tar")
        try expectHoles(scratch.path + "/out")
    }
}
