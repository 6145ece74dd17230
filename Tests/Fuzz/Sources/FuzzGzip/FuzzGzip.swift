import Archive
import FuzzInput
import Glibc

/// Reads the input as an archive file with both readers: gzip, the strict header check, libarchive.
///
/// The first byte: without bit 0 the rest is a `.tar.gz` as it is. With it the rest is a tar stream, and is wrapped into
/// a sound gzip member of stored blocks here, as a fuzzer can't guess a CRC; bit 1 gives its headers their checksums.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzGzip(_ start: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: size)
    guard let first = input.first else { return 0 }
    var bytes = Array(input.dropFirst())
    if first & 2 == 2 { reseal(&bytes) }
    write(first & 1 == 1 ? wrap(bytes) : bytes)
    do {
        try ArchiveFile(path: scratch).walk(limits: limits)
    } catch {
        guard error.code == .refused, error.violation != nil else { fatalError("\(error)") }
    }
    return 0
}

private let limits: ArchiveLimits = {
    var limits = ArchiveLimits.unrecorded
    limits.entries = 10_000
    limits.streamBytes = 1 << 26
    limits.contentBytes = 1 << 24
    return limits
}()

/// The reader wants the path of a regular file, and follows no link: a name of our own, in memory.
private let scratch: String = {
    let path = "/dev/shm/picjobs-fuzz-\(getpid())"
    descriptor = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { fatalError("cannot make \(path): errno \(errno)") }
    atexit { unlink("/dev/shm/picjobs-fuzz-\(getpid())") }
    return path
}()
/// Of `scratch`. libFuzzer calls its target on one thread.
nonisolated(unsafe) private var descriptor: CInt = -1

private func write(_ bytes: [UInt8]) {
    _ = scratch
    guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else {
        fatalError("cannot write \(scratch)")
    }
}

/// One gzip member (RFC 1952) of stored blocks.
private func wrap(_ tar: [UInt8]) -> [UInt8] {
    var out: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
    var rest = tar[...]
    repeat {
        let block = rest.prefix(65_535)
        rest = rest.dropFirst(block.count)
        let count = UInt16(block.count)
        out += [rest.isEmpty ? 1 : 0] + littleEndian(count) + littleEndian(~count) + block
    } while !rest.isEmpty
    return out + littleEndian(checksum(tar)) + littleEndian(UInt32(tar.count))
}

private func littleEndian(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
}

private func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(UInt32.max) { crc, byte in table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ (crc >> 8) }
}

private let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { crc, _ in crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1 }
}
