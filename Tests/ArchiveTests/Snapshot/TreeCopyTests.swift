import Glibc
import SystemPackage
import Testing

@testable import Archive

@Suite("Plain copies of configuration")
struct TreeCopyTests {
    let scratch: Scratch
    let cell: Directory
    let snapshot: Directory

    init() throws {
        scratch = try Scratch()
        cell = try scratch.directory.createDirectory("cell", mode: 0o755)
        snapshot = try scratch.directory.createDirectory("snapshot", mode: 0o700)
        try scratch.write("cell/config/notes/notes.conf", "port = 1\n", mode: 0o640)
        try scratch.write("cell/config/notes/tool", "#!/bin/sh\n", mode: 0o4755)
        try scratch.write(
            RelativePath(checked: ["cell", "config", "notes", "sub"].map { Array($0.utf8) } + [[0xff]]), "odd")
        _ = try cell.createDirectory("config/notes/empty", mode: 0o750)
        try scratch.write("cell/config/other.conf", "other", mode: 0o600)
    }

    func copied(_ paths: RelativePath...) throws -> TreeCopy {
        var copy = TreeCopy(from: cell, into: snapshot, below: "project")
        for path in paths { try copy.add(path) }
        return copy
    }

    func restore(_ files: [SnapshotFile], paths: [RelativePath]? = nil) throws -> TreeRestore {
        try TreeRestore(files, from: snapshot, below: "project", to: cell, paths: paths)
    }

    @Test("a tree is copied with what it was; the copies are closed to others")
    func copy() throws {
        let copy = try copied("config/notes")
        #expect(
            copy.files.map(\.path) == [
                "project/config/notes", "project/config/notes/empty", "project/config/notes/notes.conf",
                "project/config/notes/sub", #"project/config/notes/sub/\xff"#, "project/config/notes/tool",
            ])
        #expect(copy.files.map(\.mode) == [0o755, 0o750, 0o640, 0o755, 0o644, 0o4755])
        let record = copy.files[2]
        #expect(record.size == 9 && record.sha256 == SHA256.hash(Array("port = 1\n".utf8)) && record.uid == getuid())
        let status = try #require(try snapshot.status("project/config/notes/notes.conf"))
        #expect(status.mode == 0o600 && status.modified == record.mtime)
        #expect(copy.warnings.isEmpty)
        #expect(try SnapshotFiles.verify(copy.files, in: snapshot).isEmpty)
    }

    @Test("overlapping paths are copied once, in any order")
    func overlap() throws {
        let inner = try copied("config/notes/notes.conf", "config/notes", "config/notes/sub", "config/notes/notes.conf")
        #expect(inner.files.count == 6)
        #expect(try SnapshotFiles.verify(inner.files, in: snapshot).isEmpty)
    }

    @Test("a missing path is notFound and leaves nothing")
    func missing() throws {
        var copy = try copied()
        let error = failure { try copy.add("config/nothing") }
        #expect(error?.code == .notFound)
        #expect(error?.message.hasSuffix("cell/config/nothing: it does not exist") == true)
        #expect(try SnapshotFiles.verify(copy.files, in: snapshot).isEmpty)
    }

    // One of them cost the whole path its copy, every night.
    @Test(
        "a socket, fifo, outward link or unreadable file is left out with its name, and the rest is copied",
        arguments: [("link", MissingCopy.Kind.link), ("absolute", .link), ("fifo", .special), ("socket", .special)])
    func special(kind: String, expected: MissingCopy.Kind) throws {
        let path = "\(scratch.path)/cell/config/notes/sub/zz"
        switch kind {
        case "link": #expect(symlink("../../../data/x", path) == 0)
        case "absolute": #expect(symlink("/etc/passwd", path) == 0)
        case "fifo": #expect(mkfifo(path, 0o600) == 0)
        default: #expect(mknod(path, S_IFSOCK | 0o600, 0) == 0)
        }
        var copy = try copied("config/other.conf")
        let leftOut = try copy.add("config/notes")
        #expect(leftOut.map(\.kind) == [expected])
        #expect(leftOut.first?.path == "config/notes/sub/zz")
        #expect(leftOut.first?.reason.contains("config/notes/sub/zz is a ") == true)
        #expect(copy.files.count == 7)
        #expect(try SnapshotFiles.verify(copy.files, in: snapshot).isEmpty)
        // What no snapshot has is not removed either.
        try scratch.write("cell/config/notes/new", "new")
        let outcome = try restore(copy.files, paths: ["config/notes"]).run(removingExtra: true)
        #expect(outcome.extra == ["config/notes/new"] && outcome.kept == ["config/notes/sub/zz"])
        #expect(try cell.status("config/notes/new") == nil)
        #expect(try cell.status("config/notes/sub/zz") != nil)
    }

    @Test("a relative link that stays inside its path is recorded, verified and put back, also where it dangles")
    func links() throws {
        try cell.createLink("config/notes/sub/up", to: Array("../notes.conf".utf8))
        try cell.createLink("config/notes/here", to: Array("sub/./up".utf8))
        try cell.createLink("config/notes/dangling", to: Array("nowhere".utf8))
        let copy = try copied("config/notes")
        let links = copy.files.filter { $0.type == .link }
        #expect(links.map(\.target) == ["nowhere", "sub/./up", "../notes.conf"])
        #expect(try snapshot.status("project/config/notes/here") == nil)
        #expect(try SnapshotFiles.verify(copy.files, in: snapshot).isEmpty)
        try cell.remove("config/notes/here")
        try cell.remove("config/notes/dangling")
        try cell.createLink("config/notes/dangling", to: Array("elsewhere".utf8))
        let outcome = try restore(copy.files, paths: ["config/notes"]).run(removingExtra: true)
        // The tool was setuid, which is masked.
        #expect(outcome.restored == ["config/notes/dangling", "config/notes/here", "config/notes/tool"])
        #expect(try cell.readLink("config/notes/dangling") == Array("nowhere".utf8))
        #expect(try cell.readLink("config/notes/here") == Array("sub/./up".utf8))
        // The next copy finds nothing new.
        #expect(try restore(copy.files, paths: ["config/notes"]).plan().restored == [])
    }

    @Test(
        "where a link leads is told by its own words",
        arguments: [
            ("b", true), ("../b", true), ("../../b", false), ("/b", false), ("", false), ("x/../b", false),
            (".././b", true), ("./..", true), ("../..", false), ("..foo/b", true),
        ])
    func linkTargets(target: String, isInside: Bool) {
        #expect(LinkTarget.staysInside(Array(target.utf8), at: "etc/d/l", within: "etc") == isInside)
    }

    @Test("a snapshot's link that leads out of its path is refused before anything is written")
    func outwardLink() throws {
        var files = try copied("config/notes").files
        files.append(
            SnapshotFile(
                path: "project/config/notes/evil", type: .link, target: "../../../etc", mode: 0o777, uid: 0, gid: 0,
                mtime: Timestamp(seconds: 0)))
        try scratch.write("cell/config/notes/notes.conf", "changed")
        #expect(failure { _ = try restore(files, paths: ["config/notes"]).run() }?.code == .refused)
        #expect(try cell.readFile("config/notes/notes.conf", limit: 100) == Array("changed".utf8))
    }

    @Test("what is recorded as left out is never removed by a restore")
    func recordedAsLeftOut() throws {
        let files = try copied("config/notes").files
        try scratch.write("cell/config/notes/unreadable-then/x", "x")
        let restore = try TreeRestore(
            files, from: snapshot, below: "project", to: cell, paths: ["config/notes"],
            leftOut: ["config/notes/unreadable-then/x"])
        #expect(try restore.run(removingExtra: true).kept == ["config/notes/unreadable-then"])
        #expect(try cell.status("config/notes/unreadable-then/x") != nil)
    }

    @Test("a link on the way to a path is refused")
    func linkOnTheWay() throws {
        try cell.createLink("config/way", to: Array("notes".utf8))
        #expect(failure { _ = try copied("config/way/notes.conf") }?.code == .refused)
        #expect(failure { _ = try copied("config/way") }?.code == .refused)
    }

    @Test("what must never be in a snapshot is refused, also from above")
    func refusing() throws {
        try scratch.write("cell/data/keys/snapshot.key", "secret", mode: 0o600)
        for path in ["data", "data/keys", "data/keys/snapshot.key"] as [RelativePath] {
            var copy = TreeCopy(from: cell, into: snapshot, below: "project", refusing: ["data/keys"])
            #expect(failure { try copy.add(path) }?.message.contains("never copied into a snapshot") == true)
        }
        #expect(try snapshot.status("project/data") == nil)
    }

    @Test("a file that keeps changing is copied with a warning, as it was at one moment of the copy")
    func changing() throws {
        try scratch.write("cell/config/log", String(repeating: "x", count: 1 << 22))
        let path = "\(scratch.path)/cell/config/log"
        let stop = Flag()
        let thread = Writer(path, stop)
        var copy = try copied("config/log")
        // On a busy machine the writer may have had no turn while the copy was made.
        for _ in 0..<200 where copy.warnings.isEmpty {
            try snapshot.removeTree("project")
            copy = try copied("config/log")
        }
        thread.finish()
        let record = try #require(copy.files.first)
        #expect(try SnapshotFiles.verify(copy.files, in: snapshot).isEmpty)
        #expect(copy.warnings.count == 1 && copy.warnings[0].contains("config/log kept changing"))
        #expect((record.size ?? 0) >= 1 << 22)
    }

    @Test("configuration above the limit is refused with its sizes, and what fits is copied")
    func byteLimit() throws {
        var copy = TreeCopy(from: cell, into: snapshot, below: "project", byteLimit: 12)
        let error = failure { try copy.add("config/notes") }
        #expect(error?.code == .refused && error?.message.contains("bytes, only 0 more are copied") == true)
        try copy.add("config/notes/notes.conf")
        #expect(copy.files.count == 1)
    }

    @Test("a restore brings back content, mode, time and owner; setuid is masked and said")
    func restore() throws {
        let files = try copied("config/notes").files
        try scratch.write("cell/config/notes/notes.conf", "broken", mode: 0o600)
        try cell.removeTree("config/notes/sub")
        try cell.removeTree("config/notes/empty")
        try scratch.write("cell/config/notes/new.conf", "not in the snapshot")
        let outcome = try restore(files).run()
        #expect(
            outcome.restored.map(\.description) == [
                "config/notes/notes.conf", #"config/notes/sub/\xff"#, "config/notes/tool",
            ])
        #expect(outcome.extra == ["config/notes/new.conf"])
        #expect(outcome.warnings.count == 1 && outcome.warnings[0].contains("/tool: setuid"))
        #expect(try scratch.read("cell/config/notes/notes.conf") == "port = 1\n")
        #expect(try cell.status("config/notes/tool")?.mode == 0o755)
        for file in files {
            let path = try #require(try file.relativePath().relative(to: "project"))
            let status = try #require(try cell.status(path))
            #expect(status.modified == file.mtime && status.uid == file.uid && status.mode == file.mode & 0o1777)
        }
        let again = try restore(files).run(removingExtra: true)
        #expect(again.unchanged.count == 3 && again.restored.isEmpty)
        #expect(try cell.status("config/notes/new.conf") == nil)
    }

    @Test("a restore onto an empty cell, and of one path only")
    func partly() throws {
        let files = try copied("config").files
        try cell.removeTree("config")
        let outcome = try restore(files, paths: ["config/notes/sub"]).run()
        #expect(outcome.restored.map(\.description) == [#"config/notes/sub/\xff"#])
        #expect(try cell.directory("config").list().map(\.name) == [Array("notes".utf8)])
        _ = try restore(files).run()
        #expect(try scratch.read("cell/config/other.conf") == "other")
    }

    @Test("one damaged copy: nothing at all is replaced")
    func damaged() throws {
        let files = try copied("config").files
        for path in ["cell/config/other.conf", "cell/config/notes/notes.conf"] as [RelativePath] {
            try scratch.write(path, "newer")
        }
        try scratch.write("snapshot/project/config/other.conf", "othex")
        let error = failure { _ = try restore(files).run() }
        #expect(error?.code == .damaged && error?.message.contains("project/config/other.conf differs") == true)
        #expect(try scratch.read("cell/config/notes/notes.conf") == "newer")
        try snapshot.remove("project/config/other.conf")
        #expect(failure { _ = try restore(files).run() }?.code == .damaged)
    }

    @Test("a link in the target is refused before anything is replaced")
    func linkInTarget() throws {
        let files = try copied("config").files
        try scratch.write("outside", "stays")
        try scratch.write("cell/config/notes/notes.conf", "newer")
        try cell.remove("config/other.conf")
        try cell.createLink("config/other.conf", to: Array("../../outside".utf8))
        #expect(failure { _ = try restore(files).run() }?.code == .refused)
        #expect(try scratch.read("cell/config/notes/notes.conf") == "newer")
        #expect(try scratch.read("outside") == "stays")
        try cell.removeTree("config")
        try cell.createLink("config", to: Array("..".utf8))
        #expect(failure { _ = try restore(files).run() }?.code == .refused)
    }

    @Test("what a killed restore left is neither copied nor kept")
    func leftovers() throws {
        let files = try copied("config/notes").files
        try scratch.write(RelativePath("cell/config/notes/\(Directory.temporaryPrefix)12ab"), "half")
        let second = try scratch.directory.createDirectory("second", mode: 0o700)
        var copy = TreeCopy(from: cell, into: second, below: "project")
        try copy.add("config/notes")
        #expect(copy.files.count == 6)
        let outcome = try restore(files).run()
        #expect(outcome.extra.isEmpty)
        #expect(try cell.directory("config/notes").list().count == 4)
    }

    @Test("verify names what is missing, extra or different")
    func verify() throws {
        let files = try copied("config/notes").files
        try scratch.write("snapshot/project/config/notes/notes.conf", "port = 2\n")
        try scratch.write("snapshot/project/config/notes/tool", "longer than before")
        try scratch.write("snapshot/cell/extra", "x")
        try snapshot.removeTree("project/config/notes/sub")
        try snapshot.createLink("project/config/notes/sub", to: Array("/etc".utf8))
        try snapshot.removeDirectory("project/config/notes/empty")
        let findings = try SnapshotFiles.verify(files, in: snapshot)
        #expect(
            findings.map { "\($0.kind) \($0.path)" } == [
                "missing project/config/notes/empty", "differs project/config/notes/notes.conf",
                "differs project/config/notes/sub", #"missing project/config/notes/sub/\xff"#,
                "differs project/config/notes/tool", "extra cell/extra",
            ])
    }

    @Test(
        "a record that leads elsewhere is damaged", arguments: ["../etc", "/etc", "service_data/x", "project/../x", ""])
    func badRecord(path: String) {
        let file = SnapshotFile(path: path, type: .directory, mode: 0, uid: 0, gid: 0, mtime: Timestamp(seconds: 0))
        #expect(failure { _ = try restore([file]) }?.code == .damaged)
        #expect(failure { _ = try SnapshotFiles.verify([file], in: snapshot) }?.code == .damaged)
    }
}
