internal import SystemPackage

/// Whole reads and writes on a descriptor: EINTR is retried, a short write goes on, errors become sentences.
enum DescriptorIO {
    /// Writes all of it.
    static func write(
        _ bytes: some Sequence<UInt8>, to descriptor: FileDescriptor, _ what: String
    ) throws(ArchiveError) {
        do {
            try descriptor.writeAll(bytes)
        } catch let error as Errno {
            throw failure("write", what, error)
        } catch {
            throw ArchiveError(.system, "cannot write \(what)", underlying: error)
        }
    }

    /// Reads up to a bufferful at an offset; 0 at the end of the file.
    static func read(
        _ descriptor: FileDescriptor, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer, _ what: String
    ) throws(ArchiveError) -> Int {
        do {
            return try descriptor.read(fromAbsoluteOffset: Int64(offset), into: buffer)
        } catch let error as Errno {
            throw failure("read", what, error)
        } catch {
            throw ArchiveError(.system, "cannot read \(what)", underlying: error)
        }
    }

    private static func failure(_ verb: String, _ what: String, _ error: Errno) -> ArchiveError {
        let remedy: String =
            switch error {
            case .noSpace: "; free some space there or set another backup_root"
            case .diskQuotaExceeded: "; raise the quota or set another backup_root"
            case .brokenPipe: "; the reader closed it early"
            case .ioError: "; the medium reports a fault: check it before you trust it again"
            default: ""
            }
        return ArchiveError(.system, "cannot \(verb) \(what): \(error)\(remedy)", underlying: error)
    }
}
