internal import Glibc
public import SystemPackage

extension Directory {
    /// Opens a regular file to write behind its end (O_APPEND), made with `mode` if it is absent; the caller closes it.
    ///
    /// Throws `.refused` naming what stands there instead (a link, a fifo, a device).
    public func openAppending(_ path: RelativePath, mode: UInt32) throws(ArchiveError) -> FileDescriptor {
        let flags = O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
        let opened = open(path, flags: flags, mode: mode & 0o7777)
        let descriptor = FileDescriptor(rawValue: try Self.check(opened, "write", message(path)))
        do throws(ArchiveError) {
            guard try status(of: descriptor, path).kind == .file else {
                throw ArchiveError(.refused, "\(message(path)) is no regular file; move it away")
            }
        } catch {
            Glibc.close(descriptor.rawValue)
            throw error
        }
        return descriptor
    }

    /// Whether an open file is still the one of that name.
    public func isCurrent(_ descriptor: FileDescriptor, _ path: RelativePath) throws(ArchiveError) -> Bool {
        let opened = try status(of: descriptor, path)
        guard let named = try status(path) else { return false }
        return named.inode == opened.inode && named.device == opened.device
    }
}
