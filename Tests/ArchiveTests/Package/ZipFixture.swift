import Foundation
import TestSupport

@testable import Archive

/// ZIP files for tests: by other tools, and put together piece by piece with one thing wrong.
struct ZipFixture {
    var entries: [Entry]
    var comment: [UInt8] = []
    /// Bytes before the first entry, between the entries and the directory, and behind the end.
    var before: [UInt8] = []
    var gap: [UInt8] = []
    var behind: [UInt8] = []
    /// Changes the end record, which has 22 bytes.
    var changeEnd: @Sendable (inout [UInt8]) -> Void = { _ in }

    struct Entry {
        var name = "manifest.json"
        var data = Array("{}".utf8)
        /// What stands in the file; nil for the data.
        var packed: [UInt8]?
        var method: UInt16 = 0
        var flags: UInt16 = 0
        var version: UInt16 = 20
        var crc: UInt32?
        var size: UInt32?
        var packedSize: UInt32?
        var attributes: UInt32 = 0o100644 << 16
        var extra: [UInt8] = []
        var localExtra: [UInt8]?
        var comment: [UInt8] = []
        /// Bytes behind the data, as a data descriptor.
        var descriptor: [UInt8] = []
        var change: @Sendable (inout ZipHeader) -> Void = { _ in }
        /// Added to the place that the directory tells.
        var shift = 0
    }

    init(_ entries: Entry...) { self.entries = entries }

    func bytes() -> [UInt8] {
        var bytes = before
        var directory: [UInt8] = []
        for entry in entries {
            let packed = entry.packed ?? entry.data
            let header = ZipHeader(
                version: entry.version, flags: entry.flags, method: entry.method, time: 0, date: 0x21,
                crc: entry.crc ?? RawInflater.checksum(entry.data),
                packedSize: entry.packedSize ?? UInt32(packed.count),
                size: entry.size ?? UInt32(entry.data.count), name: Array(entry.name.utf8))
            var local = header
            entry.change(&local)
            let offset = UInt32(bytes.count + entry.shift)
            let localExtra = entry.localExtra ?? entry.extra
            bytes +=
                [0x50, 0x4b, 3, 4] + local.serialized(extraCount: UInt16(localExtra.count)) + local.name + localExtra
            bytes += packed + entry.descriptor
            directory += [0x50, 0x4b, 1, 2, 20, 3] + header.serialized(extraCount: UInt16(entry.extra.count))
            directory += ZipFormat.bytes(UInt16(entry.comment.count)) + [0, 0, 0, 0]
            directory += GzipFormat.littleEndian(entry.attributes) + GzipFormat.littleEndian(offset)
            directory += header.name + entry.extra + entry.comment
        }
        bytes += gap
        var end: [UInt8] = [0x50, 0x4b, 5, 6, 0, 0, 0, 0]
        end += ZipFormat.bytes(UInt16(entries.count)) + ZipFormat.bytes(UInt16(entries.count))
        end += GzipFormat.littleEndian(UInt32(directory.count)) + GzipFormat.littleEndian(UInt32(bytes.count))
        end += ZipFormat.bytes(UInt16(comment.count))
        changeEnd(&end)
        return bytes + directory + end + comment + behind
    }

    /// CRC and sizes as a data descriptor has them.
    static func descriptor(_ data: [UInt8], packed: [UInt8], signature: Bool) -> [UInt8] {
        (signature ? [0x50, 0x4b, 7, 8] : [])
            + [RawInflater.checksum(data), UInt32(packed.count), UInt32(data.count)].flatMap(GzipFormat.littleEndian)
    }

    /// Runs a tool and takes the bytes that it writes to standard output; `files` lie in its working directory.
    static func tool(
        _ command: [String], files: [String: String] = [:], binary: [String: [UInt8]] = [:]
    ) async throws -> [UInt8] {
        try await TemporaryDirectory.with { directory in
            for (name, text) in files { try Data(text.utf8).write(to: URL(fileURLWithPath: "\(directory)/\(name)")) }
            for (name, bytes) in binary { try Data(bytes).write(to: URL(fileURLWithPath: "\(directory)/\(name)")) }
            let outcome = try await Tool.outcome(of: command, in: directory)
            guard outcome.code == 0 else { throw Failure(description: "\(command) failed: \(outcome.error)") }
            return outcome.bytes
        }
    }

    struct Failure: Error, CustomStringConvertible { let description: String }

    static func isInstalled(_ tool: String) -> Bool {
        ["/usr/bin", "/bin", "/usr/local/bin"].contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/\(tool)")
        }
    }
}
