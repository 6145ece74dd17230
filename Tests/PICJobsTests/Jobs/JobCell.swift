import Archive
import FoundationEssentials
import Runs
import SystemPackage

/// A cell of the local runtime with one service, for tests of jobs.
struct JobCell {
    let path: String

    /// Lays the cell out in an empty directory, or in a new one below it.
    init(_ directory: FilePath, _ name: String = "") throws {
        path = directory.appending(name).string
        try write(
            "config/cell_config.json",
            #"{"identity": {"cell_name": "alice", "domain": "alice.pic.ngo"}, "services": {}}"#)
        try write("config/picjobs.yml", "runtime: local\ncontainers:\n  cell-notes: data/containers/cell-notes\n")
        try write("config/notes/service.conf", "port = 8080\n")
        try write("data/containers/cell-notes/data/notes/first.md", "# first\n")
        try write(
            "data/services/notes/manifest.json",
            String(contentsOfFile: Self.project + "/Tests/Fixtures/services/notes/manifest.json", encoding: .utf8))
    }

    /// The package's root.
    static let project = String(#filePath.dropLast("/Tests/PICJobsTests/Jobs/JobCell.swift".count))

    /// A second service like `notes`, with a container of its own.
    func addService(_ id: String) throws {
        let manifest = try String(
            contentsOfFile: Self.project + "/Tests/Fixtures/services/notes/manifest.json", encoding: .utf8)
        try write("data/services/\(id)/manifest.json", manifest.replacing("notes", with: id))
        try write("config/\(id)/service.conf", "port = 8081\n")
        try write("data/containers/cell-\(id)/data/\(id)/first.md", "# first\n")
        let config = try String(contentsOfFile: path + "/config/picjobs.yml", encoding: .utf8)
        try write("config/picjobs.yml", config + "  cell-\(id): data/containers/cell-\(id)\n")
    }

    func open() throws -> Cell { try Cell(path: path) }

    func write(_ name: String, _ text: String) throws {
        let place = path + "/" + name
        let parent = String(place[..<(place.lastIndex(of: "/") ?? place.endIndex)])
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        try text.write(toFile: place, atomically: false, encoding: .utf8)
    }

    /// Writes `jobs/<name>.yml` and reads it.
    func job(_ name: String, _ yaml: String) throws -> JobDefinition {
        try write("jobs/\(name).yml", yaml)
        return try JobDefinition(try JobName(checking: name), of: open())
    }

    /// The ids of the complete snapshots.
    func snapshots() throws -> [SnapshotID] { try open().store().ids() }
}
