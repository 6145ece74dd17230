import Archive
import Foundation

/// The archives that `Corpus/make_corpus.py` writes, made once for a test process.
enum Corpus {
    /// One file, as corpus.json describes it.
    struct File: Decodable {
        let file: String
        let `class`: String
        let rule: String?
        let alsoAccept: [String]
        let only: String?
        let limits: [String: UInt64]?
        let entries: UInt64?
        let host: Bool?

        /// True for the rule that the file breaks, and for one that is as right.
        func accepts(_ id: String) -> Bool { id == rule || alsoAccept.contains(id) || alsoAccept.contains("*") }

        /// The limits of an archive that nobody recorded, narrowed where the case asks for it.
        var archiveLimits: ArchiveLimits {
            var limits = ArchiveLimits.unrecorded
            if let entries = self.limits?["entries"] { limits.entries = entries }
            if let bytes = self.limits?["bytes"] { limits.contentBytes = bytes }
            if let seconds = self.limits?["seconds"] { limits.seconds = Int64(seconds) }
            return limits
        }
    }

    private struct Index: Decodable {
        let canary: String
        let files: [File]
    }

    /// Holds the files, and `outside/` with the canary beside them.
    static let directory: URL = FileManager.default.temporaryDirectory
        .appendingPathComponent("picjobs-corpus-\(ProcessInfo.processInfo.processIdentifier)")

    /// Where absolute names in hostile archives point to.
    static let outside = directory.appendingPathComponent("outside")

    /// By name, e.g. `hostile/001-dotdot-first.tar.gz`; empty, with a line on stderr, when it can't be made.
    static let shared: [String: File] = {
        do {
            return Dictionary(uniqueKeysWithValues: try make().map { ($0.file, $0) })
        } catch {
            FileHandle.standardError.write(Data("cannot make the corpus (is python3 installed?): \(error)\n".utf8))
            return [:]
        }
    }()

    /// Names of one class in order: those marked with `only`, or those without a mark.
    static func files(_ kind: String, only: String?) -> [String] {
        shared.values.filter { $0.class == kind && $0.only == only }.map(\.file).sorted()
    }

    static func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

    private static func make() throws -> [File] {
        atexit { try? FileManager.default.removeItem(at: Corpus.directory) }
        try FileManager.default.createDirectory(at: outside, withIntermediateDirectories: true)
        try Data("canary\n".utf8).write(to: outside.appendingPathComponent("victim"))
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Corpus/make_corpus.py")
        // Once, when the arguments of tests are made: nothing else runs yet, and it has no pipe.
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-B", script.path, directory.path, "--canary", outside.path]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ArchiveError(.system, "make_corpus.py ended with \(process.terminationStatus)")
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let json = try Data(contentsOf: directory.appendingPathComponent("corpus.json"))
        return try decoder.decode(Index.self, from: json).files
    }
}
