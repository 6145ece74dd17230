internal import Glibc
internal import SystemPackage

/// Reads a pipe in large chunks, and gives up when no byte comes for a while or when the work is cancelled.
struct StreamReader {
    /// Why there is no further chunk.
    enum Stop: Error {
        case stalled
        case cancelled
        case failed(Errno)
    }

    let descriptor: FileDescriptor
    /// Seconds without a byte after which the writer counts as hung.
    let stallTimeout: Int
    let progress: TransferProgress

    /// The next bytes; nil at the end of the stream.
    func next() throws(Stop) -> Chunk? {
        let chunk = Chunk(capacity: 256 << 10)
        try chunk.fill { buffer throws(Stop) in
            var count = 0
            // A pipe hands out 64 KiB at a time: gather, but never wait once there is something to work on.
            repeat {
                guard try wait(milliseconds: count == 0 ? nil : 0) else { break }
                let got = try read(UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
                if got == 0 { break }
                count += got
            } while count < 192 << 10
            return count
        }
        return chunk.count > 0 ? chunk : nil
    }

    private func read(_ buffer: UnsafeMutableRawBufferPointer) throws(Stop) -> Int {
        while true {
            let count = Glibc.read(descriptor.rawValue, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno != EINTR { throw .failed(Errno(rawValue: errno)) }
        }
    }

    /// True when a read will not block; `nil` milliseconds means the stall timeout, looked at every 50 ms for a
    /// cancellation.
    private func wait(milliseconds: Int32?) throws(Stop) -> Bool {
        var poller = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        var waited = 0
        while true {
            if progress.isCancelled { throw .cancelled }
            let ready = poll(&poller, 1, milliseconds ?? 50)
            if ready > 0 { return true }
            if ready < 0, errno != EINTR { throw .failed(Errno(rawValue: errno)) }
            if milliseconds != nil { return false }
            waited += 50
            if waited >= stallTimeout * 1000 { throw .stalled }
        }
    }
}
