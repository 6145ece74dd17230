import Archive
import ArgumentParser

struct ArchiveList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the entries of a .tar.gz, once all of it was checked.",
        discussion: "Exit codes: 0 ok, 1 it can't be read, 65 it breaks a rule (named).")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "A .tar.gz.")
    var file: String

    private struct Object: Encodable {
        let file: String
        let verdict = "ok"
        let totals: ArchiveTotals
        let entries: [EntryObject]
    }

    mutating func run() async throws {
        let (file, global) = (file, global)
        // Nothing is shown of a file that turns out to be bad at its end.
        let sink = EntryCollector()
        let summary = try await RefusalObject.reporting(file, global) { progress in
            try GivenArchive(file).walk(sink: sink, progress: progress)
        }
        if global.json {
            try Output.json(Object(file: file, totals: summary.totals, entries: sink.entries))
        } else if !global.quiet {
            for entry in sink.entries { Output.data(entry.line) }
        }
    }
}

/// One entry in JSON and as a line.
struct EntryObject: Encodable {
    let path: String
    let type: String
    let mode: UInt32
    let uid: UInt32
    let gid: UInt32
    let size: UInt64
    let mtime: Timestamp
    let sha256: String?
    let sha256_blocks: String?
    let target: String?

    init(_ entry: TarEntry, _ digest: SHA256Digest?) {
        path = EscapedName.encode(entry.path.isRoot ? Array(".".utf8) : entry.path.bytes)
        type = entry.type.rawValue
        mode = entry.mode
        uid = entry.uid
        gid = entry.gid
        size = entry.size
        mtime = entry.modified
        sha256 = entry.isTooSparse ? nil : digest?.hex
        sha256_blocks = entry.isTooSparse ? digest?.hex : nil
        let link = entry.hardlinkTarget?.bytes ?? entry.linkTarget
        target = link.isEmpty ? nil : EscapedName.encode(link)
    }

    /// `-rw-r--r-- 1000:1000 12 2026-01-02T03:04:05Z ./name -> target`
    var line: String {
        let letter = EntryType(rawValue: type)?.letter ?? "?"
        var bits = ""
        for (shift, special, letters) in [(6, 0o4000, "sS"), (3, 0o2000, "sS"), (0, 0o1000, "tT")] {
            let part = (mode >> UInt32(shift)) & 7
            bits += part & 4 != 0 ? "r" : "-"
            bits += part & 2 != 0 ? "w" : "-"
            let isSet = mode & UInt32(special) != 0
            bits += isSet ? String(part & 1 != 0 ? letters.prefix(1) : letters.suffix(1)) : part & 1 != 0 ? "x" : "-"
        }
        let arrow = target.map { type == EntryType.hardlink.rawValue ? " link to \($0)" : " -> \($0)" } ?? ""
        return "\(letter)\(bits) \(uid):\(gid) \(size) \(mtime) \(path)\(arrow)"
    }
}

/// Collects the entries of an archive.
final class EntryCollector: TarSink {
    private(set) var entries: [EntryObject] = []

    func begin(_ entry: TarEntry) throws(ArchiveError) {}
    func content(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(ArchiveError) {}
    func end(_ entry: TarEntry, digest: SHA256Digest?) throws(ArchiveError) {
        entries.append(EntryObject(entry, digest))
    }
}
