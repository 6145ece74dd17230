import Glibc
import SystemPackage

@testable import Archive

/// A directory of the test's own, removed with all that is in it.
final class Scratch {
    let path: String
    let directory: Directory

    init() throws {
        var template = Array("/tmp/picjobs-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        directory = try Directory(opening: FilePath(path))
    }

    deinit {
        // Only a test's leftovers: nothing depends on their removal.
        _ = try? Directory(opening: "/tmp").removeTree(RelativePath(String(path.dropFirst(5))))
    }

    func write(_ path: RelativePath, _ text: String, mode: UInt32 = 0o644) throws {
        if let parent = path.parent { _ = try directory.createDirectories(parent, mode: 0o755) }
        try directory.writeAtomically(path, Array(text.utf8), mode: mode)
    }

    func read(_ path: RelativePath) throws -> String {
        String(decoding: try directory.readFile(path, limit: 1 << 20), as: UTF8.self)
    }

    /// The names in the top directory, escaped.
    func names() throws -> [String] { try directory.list().map { EscapedName.encode($0.name) } }
}

/// The error a body throws; nil when it throws none.
func failure(_ body: () throws -> Void) -> ArchiveError? {
    do { try body() } catch { return error as? ArchiveError }
    return nil
}

/// The same of a closure that waits.
func failure(_ body: () async throws -> Void) async -> ArchiveError? {
    do { try await body() } catch { return error as? ArchiveError }
    return nil
}
