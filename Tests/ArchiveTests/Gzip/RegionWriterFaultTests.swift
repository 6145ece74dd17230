import Foundation
import Glibc
import SystemPackage
import Testing

@testable import Archive

@Suite("A region writer whose output fails or whose work is given up", .timeLimit(.minutes(1)))
struct RegionWriterFaultTests {
    /// Pushes noise until an error comes, or says at the end that none came.
    private func push(_ writer: RegionWriter, megabytes: Int) throws(ArchiveError) {
        let piece = SplitMix.fixed(1 << 16)
        for number in 1...megabytes * 16 {
            try withBytes(piece) { bytes throws(ArchiveError) in
                try writer.append(bytes, settled: UInt64(number) << 16)
            }
        }
        _ = try writer.finish()
    }

    @Test("A full disk ends the work with an error that names the file and the remedy")
    func fullDisk() throws {
        let full = try FileDescriptor.open("/dev/full", .writeOnly)
        defer { try? full.close() }
        let writer = RegionWriter(output: full, name: "a.tar.gz", index: nil, threads: 2)
        let error = failure { try push(writer, megabytes: 8) }
        writer.cancel()
        #expect(error?.code == .system)
        #expect(error?.message.contains("a.tar.gz") == true)
        #expect(error?.message.contains("free some space") == true)
        #expect(error?.underlying as? Errno == .noSpace)
    }

    @Test("An output that nobody reads ends the work with an error")
    func closedReader() throws {
        signal(SIGPIPE, SIG_IGN)
        let pipe = try FileDescriptor.pipe()
        try pipe.readEnd.close()
        defer { try? pipe.writeEnd.close() }
        let writer = RegionWriter(output: pipe.writeEnd, name: "a.tar.gz", index: nil, threads: 1)
        let error = failure { try push(writer, megabytes: 4) }
        writer.cancel()
        #expect(error?.underlying as? Errno == .brokenPipe)
    }

    @Test("A full disk under the index ends the work, too")
    func fullIndex() throws {
        let scratch = try Scratch()
        let output = try scratch.directory.createFile("a", mode: 0o600)
        let full = try FileDescriptor.open("/dev/full", .writeOnly)
        defer { for descriptor in [output, full] { try? descriptor.close() } }
        var random = SplitMix(seed: 3)
        // Names of noise, so that the index grows beyond what it buffers.
        let items =
            try [Item("d", .directory)]
            + (0..<4000).map { number in
                try Item("d/\(number)-" + Hex.encode(random.bytes(60)))
            }
        let stream = try Emitted.stream(items, TarEmitter(properties: .busybox, keepsHoles: false))
        try writeFile(scratch.path + "/a.tar", stream)
        let input = try FileDescriptor.open(FilePath(scratch.path + "/a.tar"), .readOnly)
        defer { try? input.close() }
        let error = failure {
            _ = try ArchiveIntake(stallTimeout: 5, threads: 2).run(
                input: input, output: output, index: full, name: "a", progress: TransferProgress())
        }
        #expect(error?.underlying as? Errno == .noSpace)
    }

    @Test("Work that is given up at any moment ends, and no semaphore goes away below its start")
    func cancelled() throws {
        let piece = SplitMix.fixed(300_000)
        for round in 0..<300 {
            let null = try FileDescriptor.open("/dev/null", .writeOnly)
            defer { try? null.close() }
            let writer = RegionWriter(output: null, name: "a", index: nil, threads: 1 + round % 3)
            for number in 1...1 + round % 4 {
                try withBytes(piece) { bytes throws(ArchiveError) in
                    try writer.append(bytes, settled: UInt64(number * piece.count))
                }
            }
            writer.cancel()
        }
    }

    // Regions that wait for a compressor were dropped by cancel(), and the writer waited for one of them for ever.
    @Test("Giving up right after a region was handed over ends, whoever took it first")
    func cancelledAtOnce() throws {
        let null = try FileDescriptor.open("/dev/null", .writeOnly)
        defer { try? null.close() }
        let piece = [UInt8](repeating: 0, count: RegionCutter.maximum)
        for _ in 0..<3000 {
            let writer = RegionWriter(output: null, name: "a", index: nil, threads: 1)
            try withBytes(piece) { bytes throws(ArchiveError) in try writer.append(bytes, settled: UInt64(bytes.count))
            }
            writer.cancel()
        }
    }

    @Test("An intake that is cancelled while it waits for bytes says so")
    func cancelledIntake() throws {
        let pipe = try FileDescriptor.pipe()
        defer { for descriptor in [pipe.readEnd, pipe.writeEnd] { try? descriptor.close() } }
        let null = try FileDescriptor.open("/dev/null", .writeOnly)
        defer { try? null.close() }
        let progress = TransferProgress()
        progress.cancel()
        let error = failure {
            _ = try ArchiveIntake(stallTimeout: 60, threads: 2).run(
                input: pipe.readEnd, output: null, index: null, name: "a", progress: progress)
        }
        #expect(error?.code == .cancelled)
    }

    @Test("A writer of the stream that stops for the stall timeout is an outcome, not an error")
    func stalled() throws {
        let pipe = try FileDescriptor.pipe()
        defer { for descriptor in [pipe.readEnd, pipe.writeEnd] { try? descriptor.close() } }
        try pipe.writeEnd.writeAll([UInt8](repeating: 1, count: 100))
        let null = try FileDescriptor.open("/dev/null", .writeOnly)
        defer { try? null.close() }
        let outcome = try ArchiveIntake(stallTimeout: 1, threads: 1).run(
            input: pipe.readEnd, output: null, index: null, name: "a", progress: TransferProgress())
        guard case .stalled = outcome.end else {
            Issue.record("\(outcome.end)")
            return
        }
    }
}
