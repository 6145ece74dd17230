internal import Archive

/// A run's `steps.jsonl` as far as it is understood.
///
/// Only an incomplete last line, without its line feed, may be passed over: a kill or a power cut while it was written.
public struct RunJournal: Sendable {
    /// A line that is not understood.
    public struct Fault: Sendable, CustomStringConvertible {
        /// From 1 on; 0 for the file itself.
        public let line: Int
        /// Half a sentence.
        public let reason: String

        /// `line 4: its bytes are damaged`.
        public var description: String { line == 0 ? reason : "line \(line): \(reason)" }
    }

    /// The lines that are understood, in order.
    public internal(set) var steps: [RunStep] = []
    /// The others.
    public internal(set) var faults: [Fault] = []

    static let file: RelativePath = "steps.jsonl"
    static let limit = 64 << 20

    /// Reads the journal's bytes.
    init(_ bytes: [UInt8]) {
        var rest = bytes[...]
        var number = 0
        while let end = rest.firstIndex(of: 0x0A) {
            number += 1
            do throws(JournalLine.Fault) {
                steps.append(try JournalLine.read(Array(rest[..<end])))
            } catch {
                faults.append(Fault(line: number, reason: error.description))
            }
            rest = rest[(end + 1)...]
        }
        // A whole line whose line feed has become another byte is damaged, and not incomplete.
        if rest.count > 1, (try? JournalLine.read(Array(rest.dropLast()))) != nil {
            faults.append(Fault(line: number + 1, reason: "its bytes are damaged: the line feed is another byte"))
        }
    }

    /// Reads a run's journal; one that can't be read is a fault.
    ///
    /// - Parameter isNumbered: Whether `run.json` has a format's number: then the journal began with a line.
    init(in directory: Directory, isNumbered: Bool) {
        self.init([])
        do throws(ArchiveError) {
            self = Self(try directory.readFile(Self.file, limit: Self.limit))
            if isNumbered, steps.isEmpty, faults.isEmpty { faults.append(Fault(line: 0, reason: "it is empty")) }
        } catch {
            faults.append(Fault(line: 0, reason: error.code == .notFound ? "it is missing" : error.message))
        }
    }
}
