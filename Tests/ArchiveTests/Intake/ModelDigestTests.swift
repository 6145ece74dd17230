import Testing

@testable import Archive

@Suite("A tree in 32 bytes an entry")
struct ModelDigestTests {
    private static let digest = SHA256.hash([1])

    private func model(_ entries: [TarEntry], _ properties: RestorableProperties = .all) -> ModelDigest {
        var model = ModelDigest(properties)
        for entry in entries { model.add(entry, digest: entry.type == .file ? Self.digest : nil) }
        return model
    }

    private func file(_ path: String, _ change: (inout TarEntry) -> Void = { _ in }) throws -> TarEntry {
        try Item(path, time: 5, nanoseconds: 7, content: [1], change).entry
    }

    private func link(_ path: String, to target: String) throws -> TarEntry {
        try Item(path, .hardlink) { $0.hardlinkTarget = EntryPath(text: target) }.entry
    }

    @Test("The order of the entries is no difference, nor is a directory that comes twice")
    func order() throws {
        let directory = try Item("d", .directory).entry
        let entries = [directory, try file("d/a"), try file("d/b"), try Item("d/l", .symlink).entry]
        #expect(try model(entries).differences(from: model(entries.reversed() + [directory])) == [])
    }

    @Test("Which name of a linked file comes first is no difference, which names it has is one")
    func hardLinks() throws {
        let first = model([try file("a"), try link("b", to: "a"), try link("c", to: "a")])
        let second = model([try file("c"), try link("a", to: "c"), try link("b", to: "a")])
        #expect(try first.differences(from: second) == [])
        let split = model([try file("a"), try link("b", to: "a"), try file("c")])
        #expect(try first.differences(from: split) != [])
        let separate = model([try file("a"), try file("b"), try file("c")])
        #expect(try first.differences(from: separate).count == 3)
        let pairs = model([try file("a"), try link("b", to: "a"), try file("c"), try link("d", to: "c")])
        let crossed = model([try file("a"), try link("c", to: "a"), try file("b"), try link("d", to: "b")])
        #expect(try pairs.differences(from: crossed).count == 4)
    }

    @Test("A link that names itself or a circle of links ends")
    func circles() throws {
        let circle = model([try link("a", to: "b"), try link("b", to: "a")])
        #expect(try circle.differences(from: model([try file("a")])) != [])
    }

    @Test("An entry more or less is a difference, and is named")
    func presence() throws {
        let path = try #require(EntryPath(text: "b"))
        let difference = try model([try file("a"), try file("b")]).differences(from: model([try file("a")]))
        #expect(difference == [ModelDigest.key(path)])
        #expect(try model([]).differences(from: model([])) == [])
    }

    /// Each change of a file that a comparison must see, with the properties that see it.
    private static let changes: [(String, RestorableProperties, @Sendable (inout TarEntry) -> Void)] = [
        ("mode", .busybox, { $0.mode = 0o600 }), ("setuid", .busybox, { $0.mode |= 0o4000 }),
        ("owner", .busybox, { $0.uid = 9 }), ("group", .busybox, { $0.gid = 9 }),
        ("size", .busybox, { $0.size = 9 }),
        ("seconds", .busybox, { $0.modified = Timestamp(seconds: 6, nanoseconds: 7) }),
        ("nanoseconds", .all, { $0.modified = Timestamp(seconds: 5, nanoseconds: 8) }),
        ("attribute", .all, { $0.xattrs = [ExtendedAttribute(name: [1], value: [2])] }),
        ("access ACL", .all, { $0.accessACL = [1] }), ("default ACL", .all, { $0.defaultACL = [1] }),
    ]

    @Test("Each property is seen, and left out where the container's tar can't put it back")
    func properties() throws {
        for (name, least, change) in Self.changes {
            let (old, new) = (try file("a"), try file("a", change))
            #expect(try model([old]).differences(from: model([new])).count == 1, "\(name)")
            let seen = try model([old], .busybox).differences(from: model([new], .busybox)).count
            #expect(seen == (least == .busybox ? 1 : 0), "\(name)")
        }
    }

    @Test("Content, type, target and device numbers are always seen")
    func nature() throws {
        var other = ModelDigest(.busybox)
        other.add(try file("a"), digest: SHA256.hash([2]))
        #expect(try model([try file("a")], .busybox).differences(from: other).count == 1)
        func differ(_ left: TarEntry, _ right: TarEntry) throws -> Bool {
            try !model([left], .busybox).differences(from: model([right], .busybox)).isEmpty
        }
        #expect(try differ(try Item("a", .fifo).entry, try Item("a", .directory).entry))
        #expect(
            try differ(
                try Item("a", .symlink) { $0.linkTarget = [1] }.entry,
                try Item("a", .symlink) { $0.linkTarget = [2] }.entry))
        #expect(
            try differ(
                try Item("a", .blockDevice) { $0.device = DeviceNumber(major: 1, minor: 2) }.entry,
                try Item("a", .blockDevice) { $0.device = DeviceNumber(major: 2, minor: 1) }.entry))
    }

    @Test("A symbolic link's mode is never seen, its owner and time only where they can be put back")
    func links() throws {
        let old = try Item("l", .symlink).entry
        let mode = try Item("l", .symlink, mode: 0o777).entry
        let time = try Item("l", .symlink, time: 9).entry
        let owner = try Item("l", .symlink, owner: 9).entry
        #expect(try model([old]).differences(from: model([mode])) == [])
        for change in [time, owner] {
            #expect(try model([old]).differences(from: model([change])).count == 1)
            #expect(try model([old], .toybox).differences(from: model([change], .toybox)).count == 1)
            #expect(try model([old], .busybox).differences(from: model([change], .busybox)) == [])
        }
    }

    @Test("The order of attributes is no difference; names and values never run together")
    func attributes() throws {
        func with(_ pairs: [(String, String)]) throws -> ModelDigest {
            model([
                try file("a") { entry in
                    entry.xattrs = pairs.map { ExtendedAttribute(name: Array($0.0.utf8), value: Array($0.1.utf8)) }
                }
            ])
        }
        let first = try with([("user.a", "1"), ("user.b", "2")])
        #expect(try first.differences(from: try with([("user.b", "2"), ("user.a", "1")])) == [])
        #expect(try first.differences(from: try with([("user.a", "2"), ("user.b", "1")])).count == 1)
        #expect(try with([("user.a", "b")]).differences(from: with([("user.ab", "")])).count == 1)
    }
}
