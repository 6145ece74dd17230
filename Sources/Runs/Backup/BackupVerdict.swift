internal import Archive
internal import Containers

/// What a stream was worth, from its end, tar's exit status and tar's words (docs/archives.md, "Truth about a stream").
struct BackupVerdict: Sendable {
    enum Keeping: Sendable { case archive, refused, nothing }

    let verdict: SnapshotArchive.Verdict
    let keeping: Keeping
    /// The stream stopped before its end: another attempt may do better.
    let isTorn: Bool
    private let outcome: ArchiveIntake.Outcome
    private let messages: TarMessages
    private let error: String?

    init(_ outcome: ArchiveIntake.Outcome, _ result: ExecResult, _ flavour: TarDialect.Flavour) {
        let messages = TarMessages(result.errorText.lines, flavour: flavour)
        self.outcome = outcome
        self.messages = messages
        let said = Self.firstWords(messages)
        switch outcome.end {
        case .refused(let violation):
            (verdict, keeping, isTorn) = (.failed, .refused, false)
            error = "the stream breaks a rule and can't be restored: \(violation)"
        case .stalled:
            (verdict, keeping, isTorn) = (.failed, .nothing, false)
            error = "the stream hung"
        case .torn(let violation):
            if let failure = result.transportFailure {
                (verdict, keeping, isTorn) = (.failed, .nothing, false)
                error = failure.message
            } else if outcome.rawBytes == 0, !result.status.isSuccess {
                (verdict, keeping, isTorn) = (.failed, .nothing, false)
                error = "tar gave nothing (\(result.status))" + said
            } else {
                (verdict, keeping, isTorn) = (.incomplete, .refused, true)
                error = "the stream stops at byte \(outcome.rawBytes): \(violation.message) (\(result.status))" + said
            }
        case .complete:
            isTorn = false
            keeping = .archive
            let faults = Self.faults(result, messages) ?? Self.leftOut(outcome.leftOut)
            if let faults {
                verdict = .incomplete
                error = faults + said
            } else {
                verdict = messages.changes.isEmpty ? .ok : .warnings
                error = nil
            }
        }
    }

    /// Why a whole stream does not count as one of a whole volume; nil when it does.
    private static func faults(_ result: ExecResult, _ messages: TarMessages) -> String? {
        if let failure = result.transportFailure { return failure.message }
        if !messages.losses.isEmpty { return "tar could not read \(messages.losses.count) files (\(result.status))" }
        if !messages.unknown.isEmpty { return "tar said something that is not understood (\(result.status))" }
        switch result.status {
        case .exited(0): return nil
        // GNU tar: files changed; busybox: files vanished.
        case .exited(1) where !messages.changes.isEmpty: return nil
        default: return "tar ended with \(result.status) and no word why"
        }
    }

    /// What was in the volume and is not in the archive.
    private static func leftOut(_ entries: LeftOut) -> String? {
        guard let first = entries.names.first else { return nil }
        let more = entries.count > 1 ? " and \(entries.count - 1) more" : ""
        return "entries that no restore could put back were left out: \(first)\(more); all others were saved"
    }

    private static func firstWords(_ messages: TarMessages) -> String {
        let words = messages.losses + messages.unknown
        guard let first = words.first else { return "" }
        let more = words.count > 1 ? " and \(words.count - 1) more lines" : ""
        return ": " + ByteText.escape(Array(first.utf8), limit: 240) + more
    }

    func apply(to archive: inout SnapshotArchive) {
        archive.verdict = verdict
        archive.error = error
        archive.warnings =
            outcome.leftOut.names.map { "left out: \($0)" }
            + (messages.changes + messages.losses).prefix(1000).map { ByteText.escape(Array($0.utf8)) }
        guard keeping != .nothing else { return }
        archive.rawSize = outcome.rawBytes
        archive.entries = outcome.totals.entries
        archive.totals = SnapshotArchive.Totals(outcome.totals, socketsIgnored: messages.socketsIgnored)
        guard keeping == .archive else { return }
        archive.sha256 = outcome.digest
        archive.size = outcome.bytes
        archive.indexSHA256 = outcome.indexDigest
    }
}

extension SnapshotArchive.Totals {
    init(_ totals: ArchiveTotals, socketsIgnored: UInt64) {
        self.init(
            files: totals.files, directories: totals.directories, symlinks: totals.symlinks,
            hardlinks: totals.hardlinks, fifos: totals.fifos, devices: totals.devices, socketsIgnored: socketsIgnored,
            contentBytes: totals.contentBytes)
    }

    /// Whether an archive that was walked holds exactly this.
    func matches(_ totals: ArchiveTotals) -> Bool {
        self == SnapshotArchive.Totals(totals, socketsIgnored: socketsIgnored)
    }
}
