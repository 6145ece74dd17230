import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("picjobs service list")
struct ServiceListTests {
    private struct List: Decodable {
        struct Service: Decodable {
            let id, name: String
            let version, available, state: String?
            let containers: [Container]
        }
        struct Container: Decodable {
            let name: String
            let state: String?
        }
        struct Unreadable: Decodable { let service, error: String }
        let services: [Service]
        let unreadable: [Unreadable]
        let notes: [String]
    }

    /// A cell with notes 1.0.0, and a store with notes 1.1.0, an older homepage and a broken entry.
    private func with(_ body: (JobCell) async throws -> Void) async throws {
        try await TemporaryDirectory.with { path in
            let cell = try JobCell(path)
            func entry(_ id: String, _ version: String) -> String {
                #"{"id": "\#(id)", "name": "The \#(id)", "description": "x", "version": "\#(version)", "author": "a"}"#
            }
            try cell.write(
                "store/index.json", "[\(entry("notes", "1.1.0")), \(entry("homepage", "1.0.0")), \(entry("x", "one"))]")
            try cell.write(
                "config/picjobs.yml",
                """
                runtime: local
                containers: {cell-notes: data/containers/cell-notes}
                store: {index: "file://\(path)/store/index.json"}
                """)
            try await body(cell)
        }
    }

    private func list(_ arguments: String...) async throws -> (List, Tool.Outcome) {
        let result = try await Program.run(["service", "list", "--json"] + arguments)
        return (try JSONDecoder().decode(List.self, from: Data(result.output.utf8)), result)
    }

    @Test("What is installed, with the states of its containers; no store is asked")
    func installed() async throws {
        try await with { cell in
            try FileManager.default.removeItem(atPath: cell.path + "/store")
            let (list, result) = try await list("--cell", cell.path)
            #expect(result.code == 0 && result.error.isEmpty)
            #expect(list.services.map(\.id) == ["notes"])
            #expect(list.services[0].version == "1.0.0" && list.services[0].state == nil)
            #expect(list.services[0].containers.map(\.state) == ["running"])
            let text = try await Program.run(["service", "list", "--cell", cell.path])
            #expect(
                text.output == """
                    service  name   version  containers
                    notes    Notes  1.0.0    cell-notes running

                    """)
        }
    }

    @Test("--available shows what the store has, and what there is an update for; bad entries are notes")
    func available() async throws {
        try await with { cell in
            let (list, result) = try await list("--available", "--cell", cell.path)
            #expect(result.code == 0)
            #expect(list.services.map(\.id) == ["homepage", "notes"])
            #expect(list.services.map(\.state) == ["available", "update available"])
            #expect(list.services.map(\.available) == ["1.0.0", "1.1.0"])
            #expect(list.services.map(\.version) == [nil, "1.0.0"])
            #expect(list.notes.count == 1 && list.notes[0].contains("/2/version"))
            #expect(result.error.contains("picjobs: note: left out of the store: "))
            let text = try await Program.run(["service", "list", "--available", "--cell", cell.path])
            #expect(
                text.output == """
                    service   name          version  available  state             containers
                    homepage  The homepage  -        1.0.0      available         -
                    notes     Notes         1.0.0    1.1.0      update available  cell-notes running

                    """)
        }
    }

    @Test("A store that is not there is exit 1, one that is none 65, with one line that names it")
    func store() async throws {
        try await with { cell in
            try cell.write("store/index.json", "<html>")
            let refused = try await Program.run(["service", "list", "--available", "--cell", cell.path])
            #expect(refused.code == 65 && refused.output.isEmpty)
            #expect(refused.error.contains("file://\(cell.path)/store/index.json"))
            try FileManager.default.removeItem(atPath: cell.path + "/store/index.json")
            let missing = try await Program.run(["service", "list", "--available", "--cell", cell.path])
            #expect(missing.code == 1 && missing.error.split(separator: "\n").count == 1)
        }
    }

    @Test("A service that can't be used is exit 3 and not offered as new; an engine that is not there is a note")
    func faults() async throws {
        try await with { cell in
            try cell.write("data/services/homepage/manifest.json", "{}")
            let (broken, result) = try await list("--available", "--cell", cell.path)
            #expect(result.code == 3)
            #expect(broken.unreadable.map(\.service) == ["homepage"])
            #expect(broken.services.map(\.id) == ["notes"])
            try cell.write("config/picjobs.yml", "docker: /nowhere/docker\n")
            try FileManager.default.removeItem(atPath: cell.path + "/data/services/homepage")
            let (list, docker) = try await list("--cell", cell.path)
            #expect(docker.code == 0)
            #expect(list.services[0].containers[0].state == nil)
            #expect(list.notes.count == 1 && list.notes[0].contains("/nowhere/docker"))
            try cell.write("config/picjobs.yml", "runtime: local\n")
            #expect(try await self.list("--cell", cell.path).0.services[0].containers[0].state == "missing")
        }
    }
}
