import Glibc
import SystemPackage
import Testing

@testable import Archive

@Suite("A directory beneath which everything happens")
struct DirectoryTests {
    @Test("an atomic write replaces the content, sets the mode exactly and leaves no temporary")
    func atomicWrite() throws {
        let scratch = try Scratch()
        try scratch.directory.writeAtomically("a", Array("old".utf8), mode: 0o600)
        try scratch.directory.writeAtomically("a", Array("new".utf8), mode: 0o666)
        #expect(try scratch.read("a") == "new")
        #expect(try scratch.directory.status("a")?.mode == 0o666)
        #expect(try scratch.names() == ["a"])
    }

    @Test("an atomic write that may not replace keeps the old file and leaves no temporary")
    func noReplace() throws {
        let scratch = try Scratch()
        try scratch.write("a", "old")
        let error = failure { try scratch.directory.writeAtomically("a", [1], mode: 0o600, replacing: false) }
        #expect(error?.code == .exists)
        #expect(try scratch.read("a") == "old")
        #expect(try scratch.names() == ["a"])
    }

    @Test("a failing fill removes the temporary and keeps the old file")
    func failingFill() throws {
        let scratch = try Scratch()
        try scratch.write("a", "old")
        let error = failure {
            try scratch.directory.replace("a", mode: 0o600) { _ throws(ArchiveError) in
                throw ArchiveError(.cancelled, "stop")
            }
        }
        #expect(error?.code == .cancelled)
        #expect(try scratch.read("a") == "old")
        #expect(try scratch.names() == ["a"])
    }

    @Test("a link is refused as a file, as a directory and on the way")
    func links() throws {
        let scratch = try Scratch()
        try scratch.write("real/file", "x")
        try scratch.directory.createLink("link", to: Array("real".utf8))
        try scratch.directory.createLink("filelink", to: Array("real/file".utf8))
        let file = failure { _ = try scratch.directory.readFile("filelink", limit: 10) }
        #expect(file?.code == .refused)
        #expect(file?.message.contains("/filelink is a symbolic link where a regular file should be") == true)
        for error in [
            failure { _ = try scratch.directory.readFile("link/file", limit: 10) },
            failure { _ = try scratch.directory.directory("link") },
            failure { try scratch.directory.writeAtomically("link/new", [], mode: 0o600) },
            failure { try scratch.directory.remove("link/file") },
            failure { _ = try scratch.directory.status("link/file") },
            failure { _ = try Directory(opening: FilePath(scratch.path + "/link")) },
            failure { _ = try Directory(opening: FilePath(scratch.path + "/link/")) },
            failure { _ = try Directory(opening: FilePath(scratch.path + "/link/.")) },
        ] { #expect(error?.code == .refused, "\(String(describing: error))") }
        #expect(try scratch.read("real/file") == "x")
        #expect(try scratch.directory.readLink("link") == Array("real".utf8))
    }

    @Test("a fifo is refused without waiting for a writer")
    func fifo() throws {
        let scratch = try Scratch()
        #expect(mkfifo(scratch.path + "/pipe", 0o600) == 0)
        let error = failure { _ = try scratch.directory.readFile("pipe", limit: 10) }
        #expect(error?.message.contains("is a fifo where a regular file should be") == true)
    }

    @Test("a file above the limit is refused, one at the limit is read")
    func limit() throws {
        let scratch = try Scratch()
        try scratch.write("a", "12345")
        #expect(try scratch.directory.readFile("a", limit: 5).count == 5)
        #expect(failure { _ = try scratch.directory.readFile("a", limit: 4) }?.code == .refused)
    }

    @Test("a secret that others may reach names the chmod", arguments: [0o644, 0o640, 0o604, 0o700] as [UInt32])
    func secretMode(mode: UInt32) throws {
        let scratch = try Scratch()
        try scratch.write("secret", "x", mode: mode)
        let error = failure { _ = try scratch.directory.readSecret("secret", limit: 10) }
        #expect(error?.code == .refused)
        #expect(error?.message.hasSuffix("chmod 600 \(scratch.path)/secret") == true)
        #expect(chmod(scratch.path + "/secret", 0o600) == 0)
        #expect(try scratch.directory.readSecret("secret", limit: 10) == Array("x".utf8))
    }

    @Test("a secret with a second hard link, or behind a link, is refused")
    func secretLinks() throws {
        let scratch = try Scratch()
        try scratch.write("secret", "x", mode: 0o600)
        try scratch.directory.createLink("link", to: Array("secret".utf8))
        #expect(failure { _ = try scratch.directory.readSecret("link", limit: 10) }?.code == .refused)
        #expect(link(scratch.path + "/secret", scratch.path + "/second") == 0)
        let error = failure { _ = try scratch.directory.readSecret("secret", limit: 10) }
        #expect(error?.message.contains("2 hard links") == true)
    }

    @Test("a secret of another user is refused", .enabled(if: geteuid() == 0, "needs root to give a file away"))
    func secretOwner() throws {
        let scratch = try Scratch()
        try scratch.write("secret", "x", mode: 0o600)
        #expect(chown(scratch.path + "/secret", 1234, 1234) == 0)
        #expect(
            failure { _ = try scratch.directory.readSecret("secret", limit: 10) }?.message.contains("uid 1234") == true)
    }

    @Test("names come as bytes, sorted, with their types")
    func list() throws {
        let scratch = try Scratch()
        let odd = RelativePath(checked: [[0xff, 0x0a]])
        try scratch.write(odd, "x")
        try scratch.write("a/b", "x")
        try scratch.directory.createLink("l", to: [0x78])
        let entries = try scratch.directory.list()
        #expect(entries.map(\.name) == [[0x61], [0x6c], [0xff, 0x0a]])
        #expect(entries.map(\.kind) == [.directory, .symlink, .file])
        #expect(failure { _ = try scratch.directory.list(limit: 2) }?.code == .refused)
        #expect(try scratch.directory.status("nothing") == nil)
        #expect(try scratch.directory.status("nothing/below") == nil)
    }

    @Test("a tree of great depth, width and odd names is removed; what its links point to stays")
    func removeTree() throws {
        let scratch = try Scratch()
        try scratch.write("outside", "stays")
        try scratch.write(RelativePath("tree/\(Directory.temporaryPrefix)1/x"), "a name that clean-up itself uses")
        try scratch.directory.createLink("tree/link", to: Array("../outside".utf8))
        try scratch.directory.createLink("tree/dirlink", to: Array("..".utf8))
        let wide = try scratch.directory.createDirectory("tree/wide", mode: 0o700)
        for number in 0..<1500 { Glibc.close(try wide.createFile(RelativePath("\(number)"), mode: 0o600).rawValue) }
        var directory = try scratch.directory.createDirectory("tree/deep", mode: 0o700)
        for _ in 0..<3000 {
            let child = try directory.createDirectory("d", mode: 0o700)
            #expect(fchmod(directory.descriptor.rawValue, 0o500) == 0)
            directory = child
        }
        #expect(try scratch.directory.removeTree("tree"))
        #expect(try scratch.names() == ["outside"])
        #expect(try scratch.read("outside") == "stays")
        #expect(try !scratch.directory.removeTree("tree"))
    }

    @Test("a rename that may not replace leaves both")
    func rename() throws {
        let scratch = try Scratch()
        try scratch.write("a", "a")
        try scratch.write("d/b", "b")
        #expect(failure { try scratch.directory.rename("a", to: "d/b", replacing: false) }?.code == .exists)
        try scratch.directory.rename("a", to: "d/b", replacing: true)
        #expect(try scratch.read("d/b") == "a")
        #expect(try scratch.names() == ["d"])
        #expect(failure { try scratch.directory.rename("x", to: "y", replacing: true) }?.code == .notFound)
    }

    @Test("every errno we name is one sentence with path and reason")
    func sentences() {
        let full = ArchiveError.system(.noSpace, "write", "/x", needed: 10, free: 3)
        #expect(
            full.message == "cannot write /x: no space left on the device, 10 bytes were to be written, "
                + "3 bytes are free: free some space, prune snapshots or move backup_root")
        for number in Int32(1)...133 {
            let error = ArchiveError.system(Errno(rawValue: number), "read", "/x")
            #expect(error.message.hasPrefix("cannot read /x: ") && !error.message.contains("\n"))
            #expect(error.underlying as? Errno == Errno(rawValue: number))
        }
    }

    @Test("/dev/full says that the device is full")
    func full() throws {
        let devices = try Directory(opening: "/dev")
        let descriptor = try FileDescriptor.open("/dev/full", .writeOnly)
        defer { Glibc.close(descriptor.rawValue) }
        let error = failure { try devices.write([1, 2, 3], to: descriptor, "full") }
        #expect(error?.message.contains("no space left on the device, 3 bytes were to be written") == true)
    }
}
