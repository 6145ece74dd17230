import FoundationEssentials
import Registry
import SystemPackage

/// A cell directory of its own for one test, removed when the test lets go of it.
final class ScratchCell {
    let layout: CellLayout

    init() throws {
        let path = FileManager.default.temporaryDirectory.path + "/picjobs-registry-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        layout = CellLayout(root: path)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: layout.root.string)
    }

    func path(_ relative: String) -> String { layout.root.string + "/" + relative }

    func makeDirectory(_ relative: String) throws {
        try FileManager.default.createDirectory(atPath: path(relative), withIntermediateDirectories: true)
    }

    func write(_ relative: String, _ bytes: [UInt8]) throws {
        try makeDirectory(FilePath(relative).removingLastComponent().string)
        let file = try FileDescriptor.open(
            FilePath(path(relative)), .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        _ = try file.closeAfter { try file.writeAll(bytes) }
    }

    func link(_ relative: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: path(relative), withDestinationPath: target)
    }

    /// Installs a fixture under its own name.
    func install(_ name: String) throws {
        try write("data/services/\(name)/manifest.json", Fixture.bytes(name))
    }
}
