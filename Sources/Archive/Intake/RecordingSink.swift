/// Counts what passes, folds it into one digest, writes the index and the model where asked, and hands it on.
final class RecordingSink: TarSink {
    private(set) var totals = ArchiveTotals()
    private(set) var model: ModelDigest?
    private var sequence = SHA256()
    private let index: IndexWriter?
    private let next: (any TarSink)?
    /// Called when an entry begins, before it is handed on.
    private let noted: ((TarEntry) -> Void)?

    init(
        next: (any TarSink)? = nil, index: IndexWriter? = nil, model: ModelDigest? = nil,
        noted: ((TarEntry) -> Void)? = nil
    ) {
        self.next = next
        self.index = index
        self.model = model
        self.noted = noted
    }

    /// As the next sink wants them; a model compares content.
    var digestForm: DigestForm { model == nil ? next?.digestForm ?? .recorded : .comparable }

    /// SHA-256 over all entries and digests so far, in the order of the stream.
    func finishSequence() -> SHA256Digest { sequence.finish() }

    func begin(_ entry: TarEntry) throws(ArchiveError) {
        noted?(entry)
        try next?.begin(entry)
    }

    func content(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(ArchiveError) {
        try next?.content(bytes, at: offset)
    }

    func end(_ entry: TarEntry, digest: SHA256Digest?) throws(ArchiveError) {
        totals.add(entry)
        sequence.update(Array(IndexLine.text(entry, digest: digest).utf8))
        try index?.entry(entry, digest: digest)
        model?.add(entry, digest: digest)
        try next?.end(entry, digest: digest)
    }
}
