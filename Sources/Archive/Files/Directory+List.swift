internal import Glibc
internal import SystemPackage

extension Directory {
    /// All entries but `.` and `..`, sorted by their bytes.
    ///
    /// Throws `.refused` above `limit` entries, so that a hostile directory can't fill the memory.
    public func list(limit: Int = 1_000_000) throws(ArchiveError) -> [DirectoryEntry] {
        let entries = try read(atMost: limit + 1)
        if entries.count > limit {
            throw ArchiveError(.refused, "directory \(path) has more than \(limit) entries")
        }
        return entries.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    /// The first entries in the file system's own order.
    func read(atMost limit: Int) throws(ArchiveError) -> [DirectoryEntry] {
        // A descriptor of its own: the reading position belongs to the open file.
        let opened = Self.retry { openat(descriptor.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        let copy = try Self.check(opened, "list", path)
        guard let stream = fdopendir(copy) else {
            let errno = Errno(rawValue: Glibc.errno)
            Glibc.close(copy)
            throw ArchiveError.system(errno, "list", path)
        }
        defer { closedir(stream) }
        var entries: [DirectoryEntry] = []
        while entries.count < limit {
            Glibc.errno = 0
            guard let entry = readdir(stream) else {
                if Glibc.errno != 0 { throw ArchiveError.system(Errno(rawValue: Glibc.errno), "list", path) }
                break
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name == [UInt8(ascii: ".")] || name == Array("..".utf8) { continue }
            var kind = FileStatus.Kind(mode: UInt32(entry.pointee.d_type) << 12)
            if kind == .unknown {
                // Some file systems give no type; the entry may be gone by now.
                guard let status = try status(RelativePath(checked: [name])) else { continue }
                kind = status.kind
            }
            entries.append(DirectoryEntry(name: name, kind: kind))
        }
        return entries
    }
}
