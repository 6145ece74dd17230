internal import CLibArchive
internal import Glibc
internal import Synchronization

/// What libarchive makes of an entry: enough to see that it reads the same archive as the strict header check.
struct ReaderEntry: Sendable {
    let type: UInt32
    let size: Int64
    let isHardlink: Bool
    /// Nil where libarchive could not convert the name.
    let path: [UInt8]?
}

/// The second reader: libarchive, tar only, on inflated bytes, on a thread of its own.
///
/// Every answer other than OK and EOF is a finding, except that a name cannot be converted to the locale's text.
enum LibarchiveReader {
    /// Reads to the end of the archive, then drains the queue.
    ///
    /// - Parameter found: is called for each entry in order; returns false to stop.
    static func read(_ chunks: BoundedQueue<Chunk>, found: (ReaderEntry) -> Bool) throws(ArchiveError) {
        defer { while chunks.pop() != nil {} }
        guard let archive = archive_read_new() else {
            throw ArchiveError(.system, "libarchive cannot start: out of memory; free some memory and try again")
        }
        defer { archive_read_free(archive) }
        let feed = Unmanaged.passRetained(Feed(chunks))
        defer { feed.release() }
        archive_read_support_format_tar(archive)
        let opened = archive_read_open(
            archive, feed.toOpaque(), nil,
            { _, feed, buffer in
                guard let feed, let buffer else { return 0 }
                let bytes = Unmanaged<Feed>.fromOpaque(feed).takeUnretainedValue().next()
                buffer.pointee = bytes.baseAddress
                return bytes.count
            }, nil)
        guard opened == ARCHIVE_OK else { throw refusal(archive, "opening") }
        while true {
            var entry: OpaquePointer?
            let status = archive_read_next_header(archive, &entry)
            if status == ARCHIVE_EOF { return }
            guard status == ARCHIVE_OK || isNameWarning(archive, status), let entry else {
                throw refusal(archive, "an entry")
            }
            guard found(describe(entry, namesAreSafe: status == ARCHIVE_OK)) else { return }
        }
    }

    /// Keeps the chunk alive that libarchive is reading.
    private final class Feed {
        private let chunks: BoundedQueue<Chunk>
        private var current: Chunk?

        init(_ chunks: BoundedQueue<Chunk>) { self.chunks = chunks }

        func next() -> UnsafeRawBufferPointer {
            repeat { current = chunks.pop() } while current?.count == 0
            return current?.bytes ?? UnsafeRawBufferPointer(start: nil, count: 0)
        }
    }

    private static func describe(_ entry: OpaquePointer, namesAreSafe: Bool) -> ReaderEntry {
        ReaderEntry(
            type: archive_entry_filetype(entry), size: archive_entry_size(entry),
            isHardlink: archive_entry_hardlink(entry) != nil || archive_entry_hardlink_w(entry) != nil,
            path: namesAreSafe
                ? archive_entry_pathname(entry).map { cString in
                    Array(UnsafeRawBufferPointer(start: cString, count: strlen(cString)))
                } : nil)
    }

    /// "Pathname can't be converted from UTF-8 to current locale." and its sisters.
    private static func isNameWarning(_ archive: OpaquePointer, _ status: Int32) -> Bool {
        guard status == ARCHIVE_WARN, let text = archive_error_string(archive) else { return false }
        return String(cString: text).contains("can't be converted")
    }

    private static func refusal(_ archive: OpaquePointer, _ step: String) -> ArchiveError {
        let reason = archive_error_string(archive).map { ByteText.escape(Array(String(cString: $0).utf8)) }
        return ArchiveError(
            violation: Violation(
                .readerDisagrees, at: UInt64(max(0, archive_read_header_position(archive))),
                "libarchive refuses \(step): \(reason ?? "no reason given")"))
    }
}
