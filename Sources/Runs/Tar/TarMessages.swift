/// What a tar said on standard error, line by line: only what is understood can be harmless.
struct TarMessages: Sendable {
    /// Sockets that tar leaves out; no loss.
    private(set) var socketsIgnored: UInt64 = 0
    /// Files that changed, shrank, grew or vanished while they were read.
    private(set) var changes: [String] = []
    /// Files that could not be read, or were read in part.
    private(set) var losses: [String] = []
    /// Lines that no rule here knows.
    private(set) var unknown: [String] = []

    /// - Parameter lines: without line breaks; anything that was left out of them must be a line of its own.
    init(_ lines: [String], flavour: TarDialect.Flavour) {
        for line in lines { classify(line, flavour) }
    }

    private mutating func classify(_ line: String, _ flavour: TarDialect.Flavour) {
        let (isTar, text) = Self.withoutProgram(line)
        if isTar, text.hasSuffix(": socket ignored") {
            socketsIgnored += 1
        } else if isTar, Self.isChange(text, flavour) {
            changes.append(text)
        } else if isTar, Self.isSummary(text) {
            return
        } else if isTar, Self.isLoss(text) {
            losses.append(text)
        } else {
            unknown.append(line)
        }
    }

    /// tar names itself as it was called: `tar: ` or `/usr/bin/tar: `.
    private static func withoutProgram(_ line: String) -> (isTar: Bool, text: String) {
        guard let colon = line.firstRange(of: ": ") else { return (false, line) }
        let program = line[..<colon.lowerBound]
        guard program == "tar" || program.hasSuffix("/tar") else { return (false, line) }
        return (true, String(line[colon.upperBound...]))
    }

    /// GNU tar 1.34 (its messages in English by LC_ALL=C) and busybox 1.35.
    private static func isChange(_ text: String, _ flavour: TarDialect.Flavour) -> Bool {
        if text.hasSuffix(": file changed as we read it") || text.hasSuffix(": File removed before we read it") {
            return true
        }
        if text.contains(": File shrank by "), text.hasSuffix("padding with zeros") { return true }
        // busybox says so of a file that vanished after its directory was read, and leaves it out.
        return flavour != .gnu && text.hasSuffix(": No such file or directory") && text.contains("./")
    }

    /// Lines that only repeat that something was said before.
    private static func isSummary(_ text: String) -> Bool {
        text == "Exiting with failure status due to previous errors"
            || text == "error exit delayed from previous errors"
            || text == "POSIX ACL support is not available" || text == "XATTR support is not available"
    }

    private static func isLoss(_ text: String) -> Bool {
        text == "short read" || text.contains(": Cannot ") || text.contains(": Read error ")
            || text.contains(": Permission denied") || text.contains("can't open ") || text.contains(": can't ")
            || text.contains(": Input/output error")
    }
}
