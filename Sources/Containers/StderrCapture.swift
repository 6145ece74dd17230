/// Standard error in bounded memory: the first 64 KiB and the last 16 KiB; what lies between is only counted.
public struct StderrCapture: Sendable, Equatable {
    /// How many bytes from the start are kept.
    public static let headLimit = 64 * 1024
    /// How many bytes from the end are kept.
    public static let tailLimit = 16 * 1024

    /// The first bytes, at most ``headLimit``.
    public private(set) var head: [UInt8] = []
    /// How many bytes were written in all.
    public private(set) var totalBytes = 0
    private var recent: [UInt8] = []

    /// Starts an empty capture.
    public init() {}

    /// Captures a text, for tests and for messages made elsewhere.
    public init(_ text: String) {
        append(Array(text.utf8))
    }

    /// The last bytes after ``head``, at most ``tailLimit``.
    public var tail: ArraySlice<UInt8> { recent.suffix(Self.tailLimit) }
    /// How many bytes between head and tail were dropped.
    public var omittedBytes: Int { totalBytes - head.count - tail.count }
    /// Whether anything was dropped; then not every message was seen.
    public var isTruncated: Bool { omittedBytes > 0 }

    /// The kept lines without their line feeds and without empty ones, invalid UTF-8 replaced.
    ///
    /// Where bytes were dropped the two torn lines remain as they are, with one line between that counts the gap.
    public var lines: [String] {
        guard isTruncated else { return Self.split((head + tail)[...]) }
        return Self.split(head[...]) + ["[\(omittedBytes) bytes of messages left out]"] + Self.split(tail)
    }

    /// The same without some of its lines; a capture with a gap stays as it is, for its lines are not whole.
    func without(_ isUnwanted: (String) -> Bool) -> StderrCapture {
        let lines = self.lines
        guard !isTruncated, lines.contains(where: isUnwanted) else { return self }
        return StderrCapture(lines.filter { !isUnwanted($0) }.map { $0 + "\n" }.joined())
    }

    /// Takes the next bytes.
    public mutating func append(_ bytes: some Collection<UInt8>) {
        totalBytes += bytes.count
        let room = Self.headLimit - head.count
        head.append(contentsOf: bytes.prefix(room))
        let rest = bytes.dropFirst(room)
        // Twice the limit before the array is cut, so that a flood in small pieces is not copied every time.
        recent.append(contentsOf: rest.suffix(Self.tailLimit))
        if recent.count > 2 * Self.tailLimit { recent.removeFirst(recent.count - Self.tailLimit) }
    }

    /// Two captures are equal when they kept the same bytes of equally long streams.
    public static func == (left: StderrCapture, right: StderrCapture) -> Bool {
        left.totalBytes == right.totalBytes && left.head == right.head && left.tail == right.tail
    }

    private static func split(_ bytes: ArraySlice<UInt8>) -> [String] {
        bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }
}
