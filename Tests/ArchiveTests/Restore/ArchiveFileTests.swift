import TestSupport
import Testing

@testable import Archive

@Suite("An archive file")
struct ArchiveFileTests {
    @Test("What is no regular file is refused, and only our own descriptor is closed")
    func noFile() throws {
        let scratch = try Scratch()
        #expect(failure { _ = try ArchiveFile(path: scratch.path) }?.message.contains("is no regular file") == true)
        let lost = ForeignCloses.count {
            for _ in 0..<5000 { #expect(throws: ArchiveError.self) { _ = try ArchiveFile(path: scratch.path) } }
        }
        #expect(lost == 0)
    }
}
