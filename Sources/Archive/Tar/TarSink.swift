/// Receives what ``TarScanner`` understood, in the order of the stream.
public protocol TarSink: AnyObject {
    /// An entry begins; its content follows, if it has any.
    func begin(_ entry: TarEntry) throws(ArchiveError)
    /// Stored bytes of the entry that began last, and their place in the file; holes are not delivered.
    func content(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(ArchiveError)
    /// The entry is complete; `digest` is that of a file's content in the sink's ``digestForm``, nil for other types.
    func end(_ entry: TarEntry, digest: SHA256Digest?) throws(ArchiveError)
    /// In which form the digests are wanted.
    var digestForm: DigestForm { get }
}

extension TarSink {
    /// As the index records them.
    public var digestForm: DigestForm { .recorded }
}
