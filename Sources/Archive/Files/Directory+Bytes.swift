internal import Glibc
internal import SystemPackage

/// Reading and writing open files to the last byte.
extension Directory {
    /// Writes all bytes; a full device says how many were to be written and how many are free.
    func write(_ bytes: [UInt8], to descriptor: FileDescriptor, _ path: RelativePath) throws(ArchiveError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(
                    descriptor.rawValue, UnsafeRawBufferPointer(rebasing: buffer[written...]).baseAddress,
                    bytes.count - written)
            }
            if count >= 0 {
                written += count
            } else if errno != EINTR {
                throw failure(Errno(rawValue: errno), path, needed: UInt64(bytes.count - written))
            }
        }
    }

    /// Fills the buffer as far as the file reaches; 0 at its end.
    func read(
        _ descriptor: FileDescriptor, into buffer: inout [UInt8], _ path: RelativePath
    ) throws(ArchiveError) -> Int {
        while true {
            let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor.rawValue, $0.baseAddress, $0.count) }
            if count >= 0 { return count }
            if errno != EINTR { throw ArchiveError.system(Errno(rawValue: errno), "read", message(path)) }
        }
    }

    /// All that remains of the file.
    func read(_ descriptor: FileDescriptor, _ path: RelativePath, limit: Int) throws(ArchiveError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = try read(descriptor, into: &buffer, path)
            if count == 0 { return bytes }
            if bytes.count + count > limit {
                throw ArchiveError(.refused, "\(message(path)) is larger than \(limit) bytes, the most that is read")
            }
            bytes += buffer[..<count]
        }
    }

    /// Flushes a file's content to the device (fsync(2)).
    func sync(_ descriptor: FileDescriptor, _ path: RelativePath) throws(ArchiveError) {
        if case .failure(let errno) = Self.retry({ fsync(descriptor.rawValue) }) { throw failure(errno, path) }
    }

    private func failure(_ errno: Errno, _ path: RelativePath, needed: UInt64? = nil) -> ArchiveError {
        var free: UInt64?
        do { free = try freeSpace() } catch { free = nil }
        return .system(errno, "write", message(path), needed: needed, free: free)
    }

    /// Flushes every file and directory below `path`, and the directory itself; false content on nothing.
    ///
    /// Throws `.refused` on anything but regular files and directories.
    func syncTree() throws(ArchiveError) {
        var pending: [RelativePath] = []
        func sync(_ directory: Directory, _ prefix: RelativePath?) throws(ArchiveError) {
            for entry in try directory.list() {
                let path = prefix?.appending(entry.name) ?? entry.path
                if entry.kind == .directory {
                    pending.append(path)
                } else {
                    let descriptor = try directory.openFile(entry.path)
                    defer { Glibc.close(descriptor.rawValue) }
                    try directory.sync(descriptor, entry.path)
                }
            }
            try directory.sync()
        }
        try sync(self, nil)
        while let path = pending.popLast() { try sync(try directory(path), path) }
    }
}
