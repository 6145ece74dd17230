import Registry
import SystemPackage
import Testing

/// The example services that tests and the demo share.
enum Fixture {
    static let names = ["calendar", "email", "files", "homepage", "notes"]

    /// `Tests/Fixtures/services`, found from this file.
    static func services(_ here: StaticString = #filePath) -> FilePath {
        FilePath(here.description).removingLastComponent().removingLastComponent().removingLastComponent()
            .appending("Fixtures").appending("services")
    }

    /// The bytes of a fixture's manifest.
    static func bytes(_ name: String) throws -> [UInt8] {
        try readAll(services().appending(name).appending("manifest.json"))
    }

    static func manifest(_ name: String) throws -> Manifest {
        try Manifest(parsing: bytes(name), file: file(name), directory: ServiceID(name))
    }

    static func file(_ name: String) -> String { "data/services/\(name)/manifest.json" }

    /// The notes manifest with a piece of its text replaced; the piece must be there.
    static func notes(_ piece: String, _ replacement: String) throws -> [UInt8] {
        let text = try String(decoding: bytes("notes"), as: UTF8.self)
        let parts = text.split(separator: piece, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2, "the fixture no longer holds \(piece)")
        return Array((parts[0] + replacement + parts[1]).utf8)
    }

    /// The lines that a manifest of the service `notes` is refused with; empty when it is accepted.
    static func refusal(_ bytes: [UInt8]) -> [String] {
        do throws(RegistryError) {
            _ = try Manifest(parsing: bytes, file: file("notes"), directory: ServiceID("notes"))
            return []
        } catch {
            return error.faults.map(\.description)
        }
    }

    static func readAll(_ path: FilePath) throws -> [UInt8] {
        let file = try FileDescriptor.open(path, .readOnly)
        return try file.closeAfter {
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = try chunk.withUnsafeMutableBytes { try file.read(into: $0) }
                if count == 0 { return bytes }
                bytes.append(contentsOf: chunk[..<count])
            }
        }
    }
}
