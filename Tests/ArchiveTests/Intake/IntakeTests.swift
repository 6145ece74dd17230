import Archive
import Foundation
import SystemPackage
import TestSupport
import Testing

/// Runs `command` with a shell and returns what it writes; used to let other tools judge.
@discardableResult
func shell(_ command: String) async throws -> String {
    try await Tool.run(["bash", "-c", command])
}

@Suite("The intake of a tar stream")
struct IntakeTests {
    private func intake(_ tar: String, in directory: String) throws -> ArchiveIntake.Outcome {
        let input = try FileDescriptor.open(FilePath(tar), .readOnly)
        let output = try FileDescriptor.open(
            FilePath(directory + "/a.tar.gz"), .readWrite, options: [.create, .truncate], permissions: .ownerReadWrite)
        let index = try FileDescriptor.open(
            FilePath(directory + "/a.index"), .readWrite, options: [.create, .truncate], permissions: .ownerReadWrite)
        defer {
            for descriptor in [input, output, index] { try? descriptor.close() }
        }
        return try ArchiveIntake(stallTimeout: 5, threads: 2).run(
            input: input, output: output, index: index, name: "a.tar.gz", progress: TransferProgress())
    }

    @Test("What GNU tar writes comes back byte for byte from gzip, and our own reader agrees")
    func gnuTarRoundTrip() async throws {
        let directory = FileManager.default.temporaryDirectory.path + "/intake-\(UInt64.random(in: 0...UInt64.max))"
        try await shell("mkdir -p \(directory)")
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let tar =
            "--format=posix -S --xattrs --acls --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime"
        try await shell("tar -C /usr/share/doc \(tar) -cf \(directory)/a.tar .")
        let outcome = try intake(directory + "/a.tar", in: directory)
        guard case .complete = outcome.end else {
            Issue.record("\(outcome.end)")
            return
        }
        try await shell("gzip -dc \(directory)/a.tar.gz | cmp - \(directory)/a.tar")
        let summary = try ArchiveFile(path: directory + "/a.tar.gz").walk(limits: .unrecorded)
        #expect(summary.digest == outcome.digest)
        #expect(summary.totals == outcome.totals)
        #expect(summary.sequenceDigest == outcome.sequenceDigest)
    }
}
