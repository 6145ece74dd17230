import Archive
import ArgumentParser
import Runs

struct ArchiveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "archive", abstract: "List, check or extract any .tar.gz by the same rules; no cell is needed.",
        subcommands: [ArchiveList.self, ArchiveCheck.self, ArchiveExtract.self])
}

/// A file that broke a rule, in JSON.
struct RefusalObject: Encodable {
    struct Fault: Encodable {
        let rule: String
        let offset: UInt64
        let entry: String?
        let message: String
    }

    let file: String
    let verdict = "refused"
    let violation: Fault

    init(_ file: String, _ violation: Violation) {
        self.file = file
        self.violation = Fault(
            rule: violation.rule.rawValue, offset: violation.offset, entry: violation.entry, message: violation.message)
    }

    /// Runs `body`, whose progress a signal cancels; a refusal becomes one line on standard error, an object with
    /// `--json`, and exit code 65.
    static func reporting<Value>(
        _ file: String, _ global: GlobalOptions, _ body: (TransferProgress) throws -> Value
    ) async throws -> Value {
        let progress = TransferProgress()
        do {
            return try await withTaskCancellationHandler {
                try body(progress)
            } onCancel: {
                progress.cancel()
            }
        } catch let error as ArchiveError {
            guard let violation = error.violation else { throw error }
            Output.talk("picjobs: error: \(ByteText.escape(Array(file.utf8))): refused: \(violation)")
            if global.json { try Output.json(RefusalObject(file, violation)) }
            throw ExitCode(ExitStatus.refused)
        }
    }
}

/// A file to be read, and what a snapshot beside it records of it.
struct GivenArchive {
    let file: ArchiveFile
    let record: RecordedArchive?

    /// A record that can't be read is none: it is said, and the file is held to the limits of one without.
    init(_ path: String) throws {
        do {
            record = try RecordedArchive.find(path)
        } catch let error as ArchiveError {
            let name = ByteText.escape(Array(path.utf8))
            Output.talk("picjobs: warning: \(name): its record is not used: \(error.message)")
            record = nil
        }
        file = try ArchiveFile(path: path)
    }

    /// Reads all of it, and compares it with the record where there is one.
    func walk(sink: (any TarSink)? = nil, progress: TransferProgress) throws -> ArchiveFile.Summary {
        let summary = try file.walk(limits: record?.limits ?? .unrecorded, sink: sink, progress: progress)
        try record?.compare(summary)
        return summary
    }
}

/// What a whole and good file holds, in JSON.
struct SummaryObject: Encodable {
    let file: String
    let verdict = "ok"
    let sha256: String
    let size: UInt64
    let raw_size: UInt64
    let totals: ArchiveTotals
    var target: String?
    var warnings: [String]?

    init(_ file: String, _ summary: ArchiveFile.Summary) {
        self.file = file
        sha256 = summary.digest.hex
        size = summary.bytes
        raw_size = summary.rawBytes
        totals = summary.totals
    }

    var line: String {
        "\(totals.entries) entries, \(Amount.bytes(raw_size)) in \(Amount.bytes(size)), sha256 \(sha256)"
    }
}
