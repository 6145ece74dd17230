public import SystemPackage

/// Reads a raw tar stream with both readers and keeps nothing of it but what the sink takes.
public enum TarStream {
    /// Reads to the end of the stream and blocks the calling thread meanwhile.
    ///
    /// - Parameters:
    ///   - stallTimeout: seconds without a byte after which the stream counts as hung.
    ///   - leavesOut: pass over the odd entries that an intake leaves out, instead of refusing the stream for them.
    /// - Throws: `.refused` with a ``Violation`` for a torn stream too; `.system` when it hangs; `.cancelled`.
    public static func read(
        _ input: FileDescriptor, sink: any TarSink, stallTimeout: Int, leavesOut: Bool = false,
        progress: TransferProgress
    ) throws(ArchiveError) {
        let reader = StreamReader(descriptor: input, stallTimeout: stallTimeout, progress: progress)
        let inspector = TarInspector(limits: leavesOut ? .intake : .stream, sink: sink)
        do throws(ArchiveError) {
            while let chunk = try next(reader) {
                try inspector.consume(chunk)
                progress.update(bytes: inspector.position, entries: inspector.entryCount)
            }
            try inspector.finish()
        } catch {
            inspector.cancel()
            throw error
        }
    }

    private static func next(_ reader: StreamReader) throws(ArchiveError) -> Chunk? {
        do {
            return try reader.next()
        } catch {
            switch error {
            case .stalled:
                throw ArchiveError(.system, "no byte came from tar for \(reader.stallTimeout) seconds")
            case .cancelled: throw ArchiveError(.cancelled, "cancelled")
            case .failed(let errno): throw ArchiveError(.system, "cannot read the tar stream: \(errno)")
            }
        }
    }
}
