import Archive
import FuzzInput

/// Pushes the input into the strict header check as a tar stream, cut into chunks at places that the input chooses.
///
/// The first byte: bit 0 gives all headers their right checksum first, the others are the size of the chunks.
/// Beyond "no crash, no hang": whole or in pieces, the verdict must be the same, and no entry may be delivered that
/// breaks what the scanner promises.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTar(_ start: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: size)
    guard let control = input.first else { return 0 }
    var tar = Array(input.dropFirst())
    if control & 1 == 1 { reseal(&tar) }
    tar.withUnsafeBytes { bytes in
        let whole = verdict(bytes, chunk: max(1, size))
        let pieces = verdict(bytes, chunk: 1 + Int(control >> 1) * 9)
        // A release build drops the text of a precondition.
        if whole != pieces { fatalError("whole: \(whole); in pieces: \(pieces)") }
    }
    return 0
}

/// The rule that the stream breaks, or how many entries it has.
private func verdict(_ bytes: UnsafeRawBufferPointer, chunk: Int) -> String {
    let sink = CheckingSink()
    var scanner = TarScanner(limits: fuzzLimits, sink: sink)
    do {
        var rest = bytes[...]
        while !rest.isEmpty {
            try scanner.consume(UnsafeRawBufferPointer(rebasing: rest.prefix(chunk)))
            rest = rest.dropFirst(chunk)
        }
        try scanner.finish()
        precondition(sink.isBetween && sink.entries == scanner.entryCount, "an entry was begun and not ended")
        return "\(scanner.entryCount) entries"
    } catch {
        guard error.code == .refused, let violation = error.violation else { fatalError("\(error)") }
        precondition(!violation.description.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "a control byte in a message")
        // A refusal by number of bytes comes before or after another one, by how the stream is cut.
        return violation.rule == .limitBytes ? "limit" : "\(violation.rule.rawValue) at \(violation.offset)"
    }
}

/// Small, so that the input and not a hash over terabytes of holes takes the time.
private let fuzzLimits: ArchiveLimits = {
    var limits = ArchiveLimits.unrecorded
    limits.entries = 10_000
    limits.contentBytes = 1 << 24
    return limits
}()

private final class CheckingSink: TarSink {
    private(set) var entries: UInt64 = 0
    private(set) var isBetween = true
    private var expected: UInt64 = 0

    func begin(_ entry: TarEntry) throws(ArchiveError) {
        precondition(isBetween, "an entry begins within another")
        for component in entry.path.components {
            precondition(!component.isEmpty && component.count <= 255 && !component.contains(0), "a bad component")
            precondition(component != [0x2E] && component != [0x2E, 0x2E], "a dot component")
        }
        precondition(entry.path.bytes.count <= 4095 && entry.mode <= 0o7777, "a bad path or mode")
        precondition(entry.type == .file || entry.size == 0, "content on something that is no file")
        isBetween = false
        expected = 0
    }

    func content(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(ArchiveError) {
        precondition(!isBetween && offset >= expected, "content outside of an entry, or going back")
        expected = offset + UInt64(bytes.count)
    }

    func end(_ entry: TarEntry, digest: SHA256Digest?) throws(ArchiveError) {
        precondition(!isBetween && expected <= entry.size, "more content than the entry has")
        precondition((digest != nil) == (entry.type == .file), "a digest for files, and only for files")
        isBetween = true
        entries += 1
    }
}
