import SystemPackage
import TestSupport
import Testing

@testable import Archive
@testable import Containers
@testable import Runs

@Suite("What tar says, and what a stream is worth")
struct TarMessagesTests {
    /// Lines as GNU tar 1.34 and busybox 1.35 print them on Debian 12, and what they are.
    private static let table: [(String, TarDialect.Flavour, Kind)] = [
        ("tar: ./run/app.sock: socket ignored", .gnu, .socket),
        ("/usr/bin/tar: ./run/app.sock: socket ignored", .gnu, .socket),
        ("tar: ./busy.log: file changed as we read it", .gnu, .change),
        ("/bin/tar: .: file changed as we read it", .gnu, .change),
        ("tar: ./gone: File removed before we read it", .gnu, .change),
        ("tar: ./small: File shrank by 4096 bytes; padding with zeros", .gnu, .change),
        ("tar: Exiting with failure status due to previous errors", .gnu, .summary),
        ("tar: ./secret: Cannot open: Permission denied", .gnu, .loss),
        ("/usr/bin/tar: ./secret: Cannot open: Permission denied", .gnu, .loss),
        ("tar: ./gone: Cannot stat: No such file or directory", .gnu, .loss),
        ("tar: ./bad: Read error at byte 0, while reading 512 bytes: Input/output error", .gnu, .loss),
        ("tar: ./gone: No such file or directory", .busybox, .change),
        ("tar: ./gone: No such file or directory", .gnu, .unknown),
        ("tar: can't open './secret': Permission denied", .busybox, .loss),
        ("tar: short read", .busybox, .loss),
        ("tar: error exit delayed from previous errors", .busybox, .summary),
        ("tar: something new", .gnu, .unknown),
        ("sh: 1: tar: not found", .gnu, .unknown),
        ("[1048576 bytes of output were left out]", .gnu, .unknown),
        ("evil: ./x: file changed as we read it", .gnu, .unknown),
        ("tar: ./x: socket ignored: Cannot open: Permission denied", .gnu, .loss),
    ]

    private enum Kind { case socket, change, loss, summary, unknown }

    @Test("Each line is what it is, under any name of tar")
    func lines() {
        for (line, flavour, kind) in Self.table {
            let messages = TarMessages([line], flavour: flavour)
            #expect(messages.socketsIgnored == (kind == .socket ? 1 : 0), "\(line)")
            #expect(messages.changes.count == (kind == .change ? 1 : 0), "\(line)")
            #expect(messages.losses.count == (kind == .loss ? 1 : 0), "\(line)")
            #expect(messages.unknown.count == (kind == .unknown ? 1 : 0), "\(line)")
        }
    }

    @Test("What GNU tar and busybox really say of a socket, a vanished and an unreadable file is understood", .realRoot)
    func provoked() async throws {
        try await TemporaryDirectory.with { path in
            // Into a pipe: GNU tar opens no file at all when its output is /dev/null.
            let script = """
                cd '\(path)'; mkdir d; printf x > d/ok; printf x > d/secret; chmod 0 d/secret; chmod 755 . d
                python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("d/sock")'
                nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"
                LC_ALL=C $nobody tar -C d -cf - . 2>gnu | cat >/dev/null
                LC_ALL=C $nobody busybox tar -C d -cf - . 2>busybox | cat >/dev/null
                LC_ALL=C tar -C d -cf - ./ok ./gone 2>vanished | cat >/dev/null
                """
            _ = try await Tool.run(["bash", "-c", script])
            let gnu = try await lines(path.appending("gnu").string)
            let messages = TarMessages(gnu, flavour: .gnu)
            #expect(messages.socketsIgnored == 1, "\(gnu)")
            #expect(messages.losses == ["./secret: Cannot open: Permission denied"])
            #expect(messages.unknown == [])
            let busybox = try await lines(path.appending("busybox").string)
            let other = TarMessages(busybox, flavour: .busybox)
            #expect(other.losses.count == 1, "\(busybox)")
            #expect(other.unknown == [])
            let vanished = TarMessages(try await lines(path.appending("vanished").string), flavour: .gnu)
            #expect(vanished.losses == ["./gone: Cannot stat: No such file or directory"])
            #expect(vanished.unknown == [])
        }
    }

    private func lines(_ file: String) async throws -> [String] {
        try await Tool.run(["cat", file]).split(separator: "\n").map(String.init)
    }

    @Test("The flavour of a tar is read from what it says of itself")
    func flavours() {
        #expect(TarDialect(version: "tar (GNU tar) 1.34\nCopyright (C) 2021").name == "gnu 1.34")
        #expect(TarDialect(version: "tar (busybox) 1.35.0").name == "busybox 1.35.0")
        let usage = "tar: unrecognized option '--version'\nBusyBox v1.30.1 (Debian) multi-call binary."
        #expect(TarDialect(version: usage).name == "busybox 1.30.1")
        #expect(TarDialect(version: "toybox 0.8.9").name == "toybox 0.8.9")
        #expect(TarDialect(version: "bsdtar 3.6.2 - libarchive 3.6.2").flavour == .other)
        #expect(TarDialect(version: "").name == "other")
        #expect(TarDialect(version: "tar (GNU tar) 1.34").properties == .all)
        #expect(TarDialect(version: "").properties == .busybox)
    }
}
