import Archive
import ArgumentParser
import Glibc
import Runs
import SystemPackage

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "The key that signs snapshots: keep a copy away from the snapshots.",
        subcommands: [KeyExport.self, KeyImport.self])
}

struct KeyExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write the key to a new file (0600), or to standard output.",
        discussion: "Exit codes: 0 ok, 1 failed (also when the file exists), 78 the cell has no key, or it is unsafe.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "A new file, or - for standard output.")
    var file = "-"

    mutating func run() async throws {
        guard let key = try global.openCell().key() else {
            throw RunError(
                .configuration, "the cell \(global.cellPath) has no snapshot key yet; picjobs backup makes one")
        }
        let text = String(decoding: key.text, as: UTF8.self)
        guard file != "-" else {
            if global.json {
                try Output.json(KeyObject(key_id: key.id, key: text.trimmed, file: nil))
            } else {
                Output.write(text, STDOUT_FILENO)
            }
            return
        }
        let descriptor: FileDescriptor
        do {
            descriptor = try FileDescriptor.open(
                FilePath(file), .writeOnly, options: [.create, .exclusiveCreate, .noFollow, .closeOnExec],
                permissions: .ownerReadWrite)
        } catch {
            throw RunError(.failed, "cannot write \(file): \(error); name a new file", underlying: error)
        }
        defer { close(descriptor.rawValue) }
        try descriptor.writeAll(key.text)
        guard fsync(descriptor.rawValue) == 0 else {
            throw RunError(.failed, "cannot write \(file): \(Errno(rawValue: errno))")
        }
        Output.talk("key \(key.id) written to \(file); whoever has it can sign snapshots of this cell")
        if global.json { try Output.json(KeyObject(key_id: key.id, key: nil, file: file)) }
    }
}

/// A key in JSON; the key itself only where it was asked for on standard output.
private struct KeyObject: Encodable {
    let key_id: String
    let key: String?
    let file: String?
}

extension String {
    /// Without the line feed at the end.
    fileprivate var trimmed: String { last == "\n" ? String(dropLast()) : self }
}

struct KeyImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Store a key that was exported elsewhere.",
        discussion: "Exit codes: 0 ok, 1 failed, 78 it is no key, or another key is in place.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The exported file, or - for standard input.")
    var file: String

    @Flag(help: "Replace a different key: snapshots signed with it can't be authenticated any more.")
    var replace = false

    mutating func run() async throws {
        let key = try SnapshotKey(text: try read())
        let root = try Directory(openingOrCreating: FilePath(global.cellPath), mode: 0o755)
        try SnapshotKeyFile(cell: root).store(key, replacing: replace)
        Output.talk("key \(key.id) stored in \(global.cellPath)")
        if global.json { try Output.json(KeyObject(key_id: key.id, key: nil, file: nil)) }
    }

    private func read() throws -> [UInt8] {
        let descriptor: FileDescriptor
        do {
            descriptor = file == "-" ? .standardInput : try FileDescriptor.open(FilePath(file), .readOnly)
        } catch {
            throw RunError(.failed, "cannot open \(file): \(error)", underlying: error)
        }
        defer { if file != "-" { close(descriptor.rawValue) } }
        // A pipe may give it in pieces; one byte more than a key may have shows that it is none.
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count <= 4096 {
            let count = try buffer.withUnsafeMutableBytes { try descriptor.read(into: $0) }
            if count == 0 { break }
            bytes += buffer.prefix(count)
        }
        return bytes
    }
}
