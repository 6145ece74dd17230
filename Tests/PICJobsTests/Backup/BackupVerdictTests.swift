import Testing

@testable import Archive
@testable import Containers
@testable import Runs

@Suite("The verdict on a stream")
struct BackupVerdictTests {
    private static let torn = Violation(.tarEndMissing, at: 512, "the stream ends early")
    private static let broken = Violation(.nameDotDot, at: 512, entry: "..", "the name has a \"..\" component")

    private func verdict(
        _ end: ArchiveIntake.End = .complete, _ status: Containers.ExitStatus = .exited(0), _ said: String = "",
        bytes: UInt64 = 10_240, flavour: TarDialect.Flavour = .gnu, transport: ContainerError? = nil,
        leftOut: LeftOut = LeftOut()
    ) -> (BackupVerdict, SnapshotArchive) {
        let outcome = ArchiveIntake.Outcome(
            end: end, rawBytes: bytes, bytes: 99, digest: SHA256.hash([]), indexDigest: SHA256.hash([]),
            totals: ArchiveTotals(), sequenceDigest: SHA256.hash([]), leftOut: leftOut, holes: Holes())
        let result = ExecResult(status: status, errorText: StderrCapture(said), transportFailure: transport)
        let verdict = BackupVerdict(outcome, result, flavour)
        var archive = SnapshotArchive(name: "a", container: "c", path: "/p", verdict: .failed)
        verdict.apply(to: &archive)
        return (verdict, archive)
    }

    @Test("A whole stream is ok only with exit 0 and nothing said but sockets")
    func whole() {
        #expect(verdict().0.verdict == .ok)
        let (socket, archive) = verdict(.complete, .exited(0), "tar: ./s: socket ignored\n")
        #expect(socket.verdict == .ok)
        #expect(archive.totals?.socketsIgnored == 1)
        #expect(archive.sha256 != nil)
        #expect(archive.warnings == [])
    }

    @Test("Files that changed are warnings, whatever tar's exit code says of them")
    func changes() {
        for status in [Containers.ExitStatus.exited(0), .exited(1)] {
            let (changed, archive) = verdict(.complete, status, "tar: ./x: file changed as we read it\n")
            #expect(changed.verdict == .warnings)
            #expect(archive.warnings == ["./x: file changed as we read it"])
            #expect(archive.error == nil)
        }
        let vanished = verdict(.complete, .exited(1), "tar: ./x: No such file or directory\n", flavour: .busybox).0
        #expect(vanished.verdict == .warnings)
    }

    @Test("An entry that was left out makes it incomplete, is named, and costs none of the others")
    func leftOut() {
        var entries = LeftOut()
        entries.add(Array("./deep".utf8), "the name has 600 components, more than 512")
        entries.add(Array("./deeper".utf8), "the name has 601 components, more than 512")
        let (incomplete, archive) = verdict(.complete, .exited(0), leftOut: entries)
        #expect(incomplete.verdict == .incomplete)
        #expect(incomplete.keeping == .archive)
        #expect(!incomplete.isTorn)
        #expect(!archive.isUsable)
        #expect(archive.sha256 != nil)
        #expect(archive.error?.contains("\"./deep\": the name has 600 components") == true)
        #expect(archive.error?.contains("and 1 more") == true)
        #expect(archive.warnings.count == 2)
    }

    @Test("A file that could not be read, words nobody knows, or an exit code without words make it incomplete")
    func incomplete() {
        let cases: [(Containers.ExitStatus, String)] = [
            (.exited(2), "/usr/bin/tar: ./x: Cannot open: Permission denied\n"), (.exited(0), "tar: short read\n"),
            (.exited(0), "what is this\n"), (.exited(2), ""), (.exited(1), ""), (.signaled(9), ""),
            (.exited(2), "tar: ./x: file changed as we read it\n"),
        ]
        for (status, said) in cases {
            let (incomplete, archive) = verdict(.complete, status, said)
            #expect(incomplete.verdict == .incomplete, "\(status) \(said)")
            #expect(incomplete.keeping == .archive)
            #expect(!incomplete.isTorn)
            #expect(archive.error != nil)
        }
    }

    @Test("More words than were kept are words nobody knows")
    func truncatedWords() {
        let line = "tar: ./x: file changed as we read it\n"
        let flood = String(repeating: line, count: 1 << 17 / line.utf8.count + 1000)
        #expect(verdict(.complete, .exited(1), flood).0.verdict == .incomplete)
    }

    @Test("A stream that stops early is torn and tried again, unless the transport failed or nothing came at all")
    func torn() {
        let (torn, archive) = verdict(.torn(Self.torn), .exited(2), "tar: short read\n")
        #expect(torn.isTorn)
        #expect(torn.verdict == .incomplete)
        #expect(torn.keeping == .refused)
        #expect(archive.sha256 == nil)
        let nothing = verdict(.torn(Self.torn), .exited(2), "tar: /x: Cannot open: No such file\n", bytes: 0)
        #expect(nothing.0.verdict == .failed)
        #expect(nothing.0.keeping == .nothing)
        #expect(nothing.1.error?.contains("Cannot open") == true)
        let failure = ContainerError(.transport, "the engine went away")
        let lost = verdict(.torn(Self.torn), .exited(126), transport: failure)
        #expect(lost.0.verdict == .failed)
        #expect(lost.1.error == "the engine went away")
    }

    @Test("A stream that breaks a rule has failed, is kept aside, and is not tried again")
    func refused() {
        let (refused, archive) = verdict(.refused(Self.broken))
        #expect(refused.verdict == .failed)
        #expect(refused.keeping == .refused)
        #expect(!refused.isTorn)
        #expect(archive.error?.contains("name.dotdot") == true)
    }

    @Test("What tar said can't act on a terminal")
    func escapes() {
        let (_, archive) = verdict(.complete, .exited(2), "tar: ./\u{1b}[31m: Cannot open: Permission denied\n")
        #expect(archive.error?.contains("\u{1b}") == false)
        #expect(archive.warnings.allSatisfy { !$0.contains("\u{1b}") })
    }
}
