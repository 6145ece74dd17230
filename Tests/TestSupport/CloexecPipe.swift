internal import Glibc
public import SystemPackage

/// A pipe whose ends no child inherits.
/// - Throws: `Errno`.
public func cloexecPipe() throws -> (reading: FileDescriptor, writing: FileDescriptor) {
    let (reading, writing) = try FileDescriptor.pipe()
    _ = fcntl(reading.rawValue, F_SETFD, FD_CLOEXEC)
    _ = fcntl(writing.rawValue, F_SETFD, FD_CLOEXEC)
    return (reading, writing)
}
