internal import Glibc
internal import SystemPackage

/// A stream socket on a path below an open directory, so that a deep cell does not meet the limit of 108 bytes.
enum UnixSocket {
    /// Connects; nil when nobody listens.
    /// - Throws: `Errno`.
    static func connect(_ name: String, in directory: String) throws -> FileDescriptor? {
        let descriptor = try make()
        do {
            try call(name, in: directory, descriptor, Glibc.connect)
            return descriptor
        } catch let error as Errno where error == .noSuchFileOrDirectory || error == .connectionRefused {
            close(descriptor.rawValue)
            return nil
        } catch {
            close(descriptor.rawValue)
            throw error
        }
    }

    /// Listens, in the place of a socket that a killed process left. Only its owner may connect.
    /// - Throws: `Errno`; `.addressInUse` when somebody listens there already.
    static func listen(_ name: String, in directory: String) throws -> FileDescriptor {
        if let other = try connect(name, in: directory) {
            close(other.rawValue)
            throw Errno.addressInUse
        }
        let path = directory + "/" + name
        guard unlink(path) == 0 || errno == ENOENT else { throw Errno(rawValue: errno) }
        let descriptor = try make()
        do {
            try call(name, in: directory, descriptor, Glibc.bind)
            guard chmod(path, 0o600) == 0, Glibc.listen(descriptor.rawValue, 16) == 0 else {
                throw Errno(rawValue: errno)
            }
            return descriptor
        } catch {
            close(descriptor.rawValue)
            throw error
        }
    }

    /// Gives up waiting for the other side after this many seconds.
    static func limit(_ descriptor: FileDescriptor, seconds: Int) {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor.rawValue, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    /// The user behind a connection (SO_PEERCRED).
    static func peer(of descriptor: FileDescriptor) throws -> uid_t {
        var credentials = (process: pid_t(0), user: uid_t(0), group: gid_t(0))
        var length = socklen_t(MemoryLayout.size(ofValue: credentials))
        // SO_PEERCRED is 17.
        guard getsockopt(descriptor.rawValue, SOL_SOCKET, 17, &credentials, &length) == 0 else {
            throw Errno(rawValue: errno)
        }
        return credentials.user
    }

    /// Everything up to the other side's end, at most `limit` bytes.
    static func readAll(_ descriptor: FileDescriptor, limit: Int, untilLineEnd: Bool = false) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count < limit {
            let count = recv(descriptor.rawValue, &chunk, min(chunk.count, limit - bytes.count), 0)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Errno(rawValue: errno) }
            if count == 0 { break }
            bytes += chunk[..<count]
            if untilLineEnd, bytes.last == UInt8(ascii: "\n") { break }
        }
        return bytes
    }

    private static func make() throws -> FileDescriptor {
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw Errno(rawValue: errno) }
        return FileDescriptor(rawValue: number)
    }

    private static func call(
        _ name: String, in directory: String, _ descriptor: FileDescriptor,
        _ function: (Int32, UnsafePointer<sockaddr>?, socklen_t) -> Int32
    ) throws {
        let parent = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw Errno(rawValue: errno) }
        defer { close(parent) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array("/proc/self/fd/\(parent)/\(name)".utf8) + [0]
        guard path.count <= MemoryLayout.size(ofValue: address.sun_path) else { throw Errno.fileNameTooLong }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                function(descriptor.rawValue, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw Errno(rawValue: errno) }
    }
}
