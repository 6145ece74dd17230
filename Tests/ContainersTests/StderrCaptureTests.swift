import Containers
import Testing

@Suite("Captured standard error")
struct StderrCaptureTests {
    @Test("a short stream is kept whole, as lines")
    func short() {
        var capture = StderrCapture()
        for piece in ["tar: ./a: file cha", "nged\n\ntar: ", "done\n"] { capture.append(Array(piece.utf8)) }
        #expect(capture.lines == ["tar: ./a: file changed", "tar: done"])
        #expect(capture.isTruncated == false)
        #expect(capture.totalBytes == 34)
    }

    @Test("a stream of exactly both limits is not torn")
    func exact() {
        var capture = StderrCapture()
        capture.append([UInt8](repeating: 65, count: StderrCapture.headLimit + StderrCapture.tailLimit))
        #expect(capture.omittedBytes == 0)
        #expect(capture.lines.map(\.utf8.count) == [80 * 1024])
        capture.append([66])
        #expect(capture.omittedBytes == 1)
        #expect(capture.lines[1] == "[1 bytes of messages left out]")
        #expect(capture.tail.last == 66)
    }

    @Test("a flood keeps its first 64 KiB and its last 16 KiB, in pieces of any size", arguments: [1, 7, 4096, 70_000])
    func flood(piece: Int) {
        var capture = StderrCapture()
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var start = 0
        while start < bytes.count {
            capture.append(bytes[start..<min(start + piece, bytes.count)])
            start += piece
        }
        #expect(capture.totalBytes == bytes.count)
        #expect(capture.head == Array(bytes.prefix(64 * 1024)))
        #expect(Array(capture.tail) == Array(bytes.suffix(16 * 1024)))
    }

    @Test("captures are equal by what they kept, not by how it arrived")
    func equality() {
        var pieces = StderrCapture()
        for byte in Array("abc".utf8) { pieces.append([byte]) }
        #expect(pieces == StderrCapture("abc"))
        #expect(pieces != StderrCapture("abd"))
    }
}
