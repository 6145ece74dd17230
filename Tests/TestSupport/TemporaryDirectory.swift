internal import FoundationEssentials
internal import Glibc
public import SystemPackage

/// A directory that exists for the length of a closure.
public enum TemporaryDirectory {
    /// Makes a fresh directory below /tmp, hands it to `body`, and removes it with everything in it.
    /// - Throws: `Errno` when it can't be made, and whatever `body` throws.
    public static func with<Result>(_ body: (FilePath) async throws -> Result) async throws -> Result {
        let path = try make()
        defer { remove(path) }
        return try await body(path)
    }

    /// The same without awaiting.
    /// - Throws: `Errno` when it can't be made, and whatever `body` throws.
    public static func with<Result>(_ body: (FilePath) throws -> Result) throws -> Result {
        let path = try make()
        defer { remove(path) }
        return try body(path)
    }

    private static func make() throws -> FilePath {
        var template = Array("/tmp/picjobs-test.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        return FilePath(String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    private static func remove(_ path: FilePath) {
        // Only tidiness: the test has its verdict.
        do { try FileManager.default.removeItem(atPath: path.string) } catch { return }
    }
}
