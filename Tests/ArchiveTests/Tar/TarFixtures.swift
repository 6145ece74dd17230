import Foundation
import SystemPackage
import Testing

@testable import Archive

/// Numbers that look random and are the same on every run (SplitMix64).
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            let word = next()
            withUnsafeBytes(of: word) { bytes.append(contentsOf: $0) }
        }
        return Array(bytes.prefix(count))
    }
}

/// An entry with the bytes that are stored of it.
struct Item {
    var entry: TarEntry
    var content: [UInt8] = []

    init(
        _ path: String, _ type: EntryType = .file, mode: UInt32 = 0o644, owner: UInt32 = 0, group: UInt32 = 0,
        time: Int64 = 1_700_000_000, nanoseconds: UInt32 = 0, content: [UInt8] = [],
        _ change: (inout TarEntry) -> Void = { _ in }
    ) throws {
        entry = TarEntry(
            path: try #require(EntryPath(text: path)), type: type, mode: mode, uid: owner, gid: group,
            modified: Timestamp(seconds: time, nanoseconds: nanoseconds), offset: 0)
        entry.size = UInt64(content.count)
        self.content = content
        change(&entry)
    }
}

/// Writes items as one stream of our own emitter.
enum Emitted {
    static func stream(_ items: [Item], _ emitter: TarEmitter) throws -> [UInt8] {
        let pipe = try FileDescriptor.pipe()
        defer { try? pipe.readEnd.close() }
        let worker = Worker<Void>("emit") { () throws(ArchiveError) in
            defer { try? pipe.writeEnd.close() }
            let sink = EmissionSink(
                pipe.writeEnd, emitter: emitter, selection: .all, progress: TransferProgress())
            for item in items {
                try sink.begin(item.entry)
                try feed(item, to: sink)
                try sink.end(item.entry, digest: nil)
            }
            try sink.finish()
        }
        let bytes = try readAll(pipe.readEnd)
        try worker.wait()
        return bytes
    }

    /// Stored bytes, each segment at its place.
    private static func feed(_ item: Item, to sink: EmissionSink) throws(ArchiveError) {
        guard item.entry.type == .file, !item.content.isEmpty else { return }
        var start = 0
        let whole = [SparseMap.Segment(offset: 0, length: UInt64(item.content.count))]
        for segment in item.entry.sparse?.segments ?? whole where segment.length > 0 {
            let piece = Array(item.content[start..<start + Int(segment.length)])
            let result = Result { () throws(ArchiveError) in
                try withBytes(piece) { bytes throws(ArchiveError) in try sink.content(bytes, at: segment.offset) }
            }
            try result.get()
            start += Int(segment.length)
        }
    }
}

/// `withUnsafeBytes` with the error's type kept.
func withBytes(_ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(ArchiveError) -> Void) throws(ArchiveError) {
    var failure: ArchiveError?
    bytes.withUnsafeBytes { buffer in
        do throws(ArchiveError) { try body(buffer) } catch { failure = error }
    }
    if let failure { throw failure }
}

func readAll(_ descriptor: FileDescriptor) throws -> [UInt8] {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = try buffer.withUnsafeMutableBytes { try descriptor.read(into: $0) }
        if count == 0 { return all }
        all += buffer[..<count]
    }
}

func readFile(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

func writeFile(_ path: String, _ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

/// What a scanner said of a stream.
struct Scan: Equatable {
    /// Entries as they begin and end; what lies between is their content, however it was cut.
    var events: [Event] = []
    var violation: Violation?
    /// Never stepped back and never ran ahead of the position.
    var settledIsSound = true
    var position: UInt64 = 0

    struct Event: Equatable {
        var entry: TarEntry
        var offset: UInt64
        var sparse: SparseMap?
        var stretches: [Stretch] = []
        var digest: SHA256Digest?
        var isComplete = false
    }

    /// Adjacent stretches are one: where they were cut says nothing.
    struct Stretch: Equatable {
        let offset: UInt64
        var bytes: [UInt8]
    }

    var hasUnfinished: Bool { events.contains { !$0.isComplete } }

    /// Feeds the pieces; `size` says how long the next one is.
    init(_ stream: [UInt8], limits: ArchiveLimits = .unrecorded, piece size: () -> Int) throws {
        let sink = Recorder()
        var scanner = TarScanner(limits: limits, sink: sink)
        do {
            var start = 0
            var settled: UInt64 = 0
            while start < stream.count {
                let end = min(stream.count, start + max(1, size()))
                try stream.withUnsafeBytes { try scanner.consume(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
                start = end
                if scanner.settled < settled || scanner.settled > UInt64(end) { settledIsSound = false }
                settled = scanner.settled
            }
            try scanner.finish()
        } catch let error as ArchiveError {
            guard let found = error.violation else { throw error }
            violation = found
        }
        events = sink.events
        position = violation == nil ? scanner.position : 0
    }

    private final class Recorder: TarSink {
        var events: [Event] = []

        func begin(_ entry: TarEntry) { events.append(Event(entry: entry, offset: entry.offset, sparse: entry.sparse)) }

        func content(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) {
            let last = events.count - 1
            if let stretch = events[last].stretches.last, stretch.offset + UInt64(stretch.bytes.count) == offset {
                events[last].stretches[events[last].stretches.count - 1].bytes.append(contentsOf: bytes)
            } else {
                events[last].stretches.append(Stretch(offset: offset, bytes: Array(bytes)))
            }
        }

        func end(_ entry: TarEntry, digest: SHA256Digest?) {
            events[events.count - 1].digest = digest
            events[events.count - 1].isComplete = true
        }
    }
}
