public import SystemPackage

/// Writes what is selected as a fresh tar stream to a descriptor: the second pass of a restore.
public final class EmissionSink: TarSink {
    /// Every directory that was written, in the archive's order: their times are set again at the end.
    public private(set) var directories: [TarEntry] = []
    private let output: FileDescriptor
    private let emitter: TarEmitter
    private let selection: EntrySelection
    private let progress: TransferProgress
    private var buffer: [UInt8] = []
    private var written: UInt64 = 0
    private var entries: UInt64 = 0
    private var current: TarEntry?
    private var contentEnd: UInt64 = 0

    private static let bufferSize = 256 << 10

    /// - Parameter output: stays the caller's; a pipe to a tar.
    public init(
        _ output: FileDescriptor, emitter: TarEmitter, selection: EntrySelection, progress: TransferProgress
    ) {
        self.output = output
        self.emitter = emitter
        self.selection = selection
        self.progress = progress
    }

    /// Writes the entry's headers.
    public func begin(_ entry: TarEntry) throws(ArchiveError) {
        current = selection.includes(entry) ? entry : nil
        guard current != nil else { return }
        try selection.checkLink(entry)
        if entry.type == .directory { directories.append(entry) }
        contentEnd = 0
        try put(emitter.headers(entry))
    }

    /// Writes content; a receiver that keeps no holes gets zeros.
    public func content(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(ArchiveError) {
        guard current != nil else { return }
        if !emitter.keepsHoles { try putZeros(upTo: offset) }
        contentEnd = offset + UInt64(bytes.count)
        if buffer.count + bytes.count > Self.bufferSize { try flush() }
        if bytes.count >= Self.bufferSize {
            try write(bytes)
        } else {
            buffer.append(contentsOf: bytes)
        }
    }

    /// Fills the last block.
    public func end(_ entry: TarEntry, digest: SHA256Digest?) throws(ArchiveError) {
        guard current != nil, entry.type == .file else { return }
        if !emitter.keepsHoles { try putZeros(upTo: entry.size) }
        try put(TarEmitter.padding(emitter.storedSize(entry)))
    }

    /// Writes the end of the archive and what is still buffered.
    public func finish() throws(ArchiveError) {
        try put(TarEmitter.end)
        try flush()
    }

    /// Writes only the directories, the deepest first: extracting into a directory has changed its time.
    public static func writeDirectories(
        _ directories: [TarEntry], to output: FileDescriptor, emitter: TarEmitter, progress: TransferProgress
    ) throws(ArchiveError) {
        let sink = EmissionSink(output, emitter: emitter, selection: .all, progress: progress)
        for entry in directories.deepestFirst {
            try sink.put(emitter.headers(entry))
        }
        try sink.finish()
    }

    private func putZeros(upTo end: UInt64) throws(ArchiveError) {
        while contentEnd < end {
            let count = min(end - contentEnd, UInt64(Self.bufferSize))
            try put([UInt8](repeating: 0, count: Int(count)))
            contentEnd += count
        }
    }

    private func put(_ bytes: [UInt8]) throws(ArchiveError) {
        buffer += bytes
        if buffer.count >= Self.bufferSize { try flush() }
    }

    private func flush() throws(ArchiveError) {
        let bytes = buffer
        buffer.removeAll(keepingCapacity: true)
        try DescriptorIO.write(bytes, to: output, "the stream to the container")
        try count(bytes.count)
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        try DescriptorIO.write(bytes, to: output, "the stream to the container")
        try count(bytes.count)
    }

    private func count(_ bytes: Int) throws(ArchiveError) {
        written += UInt64(bytes)
        progress.update(bytes: written, entries: UInt64(directories.count))
        try progress.checkCancelled()
    }
}
