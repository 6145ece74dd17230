import Containers
import SystemPackage
import TestSupport
import Testing

@Suite("The local runtime")
struct LocalRuntimeTests {
    private func withCell<Result>(
        _ body: (LocalRuntime, FilePath, ContainerName) async throws -> Result
    ) async throws -> Result {
        try await TemporaryDirectory.with { root in
            try await Tool.run(["mkdir", "-p", "\(root)/data/containers/notes/data/notes", "\(root)/outside"])
            let runtime = LocalRuntime(
                root: root,
                directories: [try name("cell-notes"): "data/containers/notes", try name("cell-gone"): "data/gone"],
                run: "r-\(root.lastComponent?.string ?? "")")
            return try await body(runtime, root, name("cell-notes"))
        }
    }

    @Test("a path is joined below the container's directory, component by component")
    func joins() async throws {
        try await withCell { (runtime, root, notes) async throws in
            let base = "\(root)/data/containers/notes"
            #expect(try runtime.path("/data/notes", in: notes) == "\(base)/data/notes")
            #expect(try runtime.path("//data/./notes/", in: notes) == "\(base)/data/notes")
            #expect(try runtime.path("/", in: notes) == base)
            #expect(try runtime.path("/..foo/...", in: notes) == "\(base)/..foo/...")
        }
    }

    @Test("a path that would leave the container is refused", arguments: ["/..", "/a/../b", "a", "", "/a\0b", "../x"])
    func refuses(path: String) async throws {
        try await withCell { (runtime, _, notes) async throws in
            let error = #expect(throws: ContainerError.self) { try runtime.path(path, in: notes) }
            #expect(error?.code == .badPath)
        }
    }

    @Test("a path through a link is refused")
    func refusesLinks() async throws {
        try await withCell { (runtime, root, notes) async throws in
            try await Tool.run(["ln", "-s", "\(root)/outside", "\(root)/data/containers/notes/data/link"])
            #expect(throws: ContainerError.self) { try runtime.path("/data/link/x", in: notes) }
        }
    }

    @Test("an unknown container names the configuration, a missing directory is a container that does not run")
    func missing() async throws {
        try await withCell { (runtime, _, notes) async throws in
            let unknown = await #expect(throws: ContainerError.self) { try await runtime.inspect(name("cell-x")) }
            #expect(unknown?.code == .notFound)
            #expect(unknown?.message.contains("config/picjobs.yml") == true)
            let gone = await #expect(throws: ContainerError.self) {
                try await runtime.exec(ContainerCommand(["true"]), in: name("cell-gone"))
            }
            #expect(gone?.code == .notRunning)
            #expect(try await runtime.requireRunning(notes).isRunning)
        }
    }

    @Test("commands get a clean environment with the run's mark, and never TAR_OPTIONS")
    func environment() async throws {
        try await withCell { (runtime, _, notes) async throws in
            let command = ContainerCommand(["env"], environment: ["TAR_OPTIONS": "--exclude=a*", "X": "1"])
            let result = try await runtime.exec(command, in: notes)
            let keys = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
            #expect(keys.contains("LC_ALL=C"))
            #expect(keys.contains("X=1"))
            #expect(keys.contains { $0.hasPrefix("PICJOBS_RUN=r-") })
            #expect(!keys.contains { $0.hasPrefix("TAR_OPTIONS") })
        }
    }

    @Test("a tool that is not installed is named")
    func missingTool() async throws {
        try await withCell { (runtime, _, notes) async throws in
            let error = await #expect(throws: ContainerError.self) {
                try await runtime.exec(ContainerCommand(["no-such-tool"]), in: notes)
            }
            #expect(error?.code == .commandNotStarted)
            #expect(error?.message.contains("no-such-tool") == true)
        }
    }

    @Test("leftovers of a run are ended: only of that run, only of that container")
    func leftovers() async throws {
        try await withCell { (runtime, root, notes) async throws in
            // setsid, so that they leave the group that ends with the command.
            let start = ContainerCommand(["sh", "-c", "setsid sleep 4201 >/dev/null 2>&1 & sleep 0.2"])
            _ = try await runtime.exec(start, in: notes)
            let o = try name("o")
            let other = LocalRuntime(root: root, directories: [o: "outside"], run: "other")
            _ = try await other.exec(
                ContainerCommand(["sh", "-c", "setsid sleep 4202 >/dev/null 2>&1 & sleep 0.2"]), in: o)
            #expect(try await processes(marked: "sleep 4201").count == 1)
            #expect(try await runtime.endLeftovers(run: "someone-else", in: notes) == 0)
            #expect(try await runtime.endLeftovers(run: "*", in: notes) == 1)
            #expect(try await remaining(marked: "sleep 4201") == [])
            #expect(try await processes(marked: "sleep 4202").count == 1)
            #expect(try await other.endLeftovers(run: "other", in: o) == 1)
            #expect(try await other.endLeftovers(run: "other", in: o) == 0)
        }
    }
}
