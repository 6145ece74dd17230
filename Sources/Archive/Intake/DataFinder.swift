/// Looks for files that hold any byte other than 0.
public final class DataFinder: TarSink {
    /// The first ten of them.
    public private(set) var found: [EntryPath] = []
    /// How many there are.
    public private(set) var count: UInt64 = 0
    private var current: EntryPath?

    /// Nothing found yet.
    public init() {}

    /// A file that has not shown anything yet.
    public func begin(_ entry: TarEntry) throws(ArchiveError) { current = entry.path }

    /// Looks at the bytes until one is found.
    public func content(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(ArchiveError) {
        guard let path = current, !bytes.isAllZero else { return }
        current = nil
        count += 1
        if found.count < 10 { found.append(path) }
    }

    /// Nothing to do.
    public func end(_ entry: TarEntry, digest: SHA256Digest?) throws(ArchiveError) {}
}
