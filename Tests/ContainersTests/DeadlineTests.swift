import SystemPackage
import TestSupport
import Testing

@testable import Containers

@Suite("A command that takes too long")
struct DeadlineTests {
    @Test("is ended with all that it started, and the error names it, the container and the time")
    func local() async throws {
        try await TemporaryDirectory.with { root in
            try await Tool.run(["mkdir", "-p", "\(root)/notes"])
            let runtime = LocalRuntime(
                root: root, directories: [try name("cell-notes"): "notes"], run: "deadline", limit: .seconds(1))
            let error = await #expect(throws: ContainerError.self) {
                // Of a session of its own: the group's signal does not reach it.
                try await runtime.exec(
                    ContainerCommand(["sh", "-c", "setsid sleep 4201 & sleep 4201"]), in: name("cell-notes"))
            }
            #expect(error?.code == .timedOut)
            for words in ["'sh -c setsid sleep 4201", "cell-notes", "1 seconds", "command_timeout"] {
                #expect(error?.message.contains(words) == true, "\(words) in \(error?.message ?? "")")
            }
            #expect(try await remaining(marked: "sleep 4201") == [])
        }
    }

    @Test("has thirty times as long where it walks or changes a tree, and for ever as a stream")
    func usual() {
        func usual(_ words: String) -> ContainerCommand.Deadline {
            .usual(for: words.split(separator: " ").map(String.init))
        }
        for words in [
            "tar --version", "cat /proc/self/mountinfo", "/bin/stat -c %a /", "find /a -maxdepth 1", "mkdir a",
        ] {
            #expect(usual(words) == .usual)
        }
        for words in [
            "rm -rf -- /a", "/bin/mv a b", "find /a -maxdepth 1 -exec mv {} +", "find /a -type d", "sync -f /a",
        ] {
            #expect(usual(words) == .tree)
        }
        #expect(ContainerCommand.Deadline.tree.duration(usual: .seconds(2)) == .seconds(60))
        let stream = ContainerCommand(["tar", "-xf", "-"], input: .descriptor(.standardInput))
        #expect(stream.deadline == ContainerCommand.Deadline.none)
        #expect(ContainerCommand(["tar", "--version"]).deadline == .usual)
    }

    @Test("is cut short when its cancelled work is in haste")
    func haste() async throws {
        let haste = Haste()
        haste.begin()
        let start = ContinuousClock.now
        let slow: Int? = try await Haste.$current.withValue(haste) {
            try await limited(to: .seconds(1)) {
                try await Task.sleep(for: .seconds(3600))
                return 1
            }
        }
        #expect(slow == nil)
        #expect(start.duration(to: .now) < .seconds(30))
        #expect(try await limited(to: nil) { 1 } == 1)
        #expect(try await limited(to: .seconds(60)) { 2 } == 2)
    }

    @Test("is ended in its container, too, and no other command of the run", .tags(.docker, .root), .realDocker)
    func docker() async throws {
        let engine = try await TestEngine.shared()
        try await engine.withContainer(.busybox) { text in
            let container = try name(text)
            let runtime = DockerRuntime(run: "deadline", environment: engine.environment, limit: .seconds(2))
            let other = Task {
                try await runtime.exec(
                    ContainerCommand(["sleep", "4203"], deadline: .after(.seconds(60))), in: container)
            }
            let error = await #expect(throws: ContainerError.self) {
                try await runtime.exec(ContainerCommand(["sh", "-c", "setsid sleep 4202 & sleep 4202"]), in: container)
            }
            #expect(error?.code == .timedOut)
            #expect(error?.message.contains(text) == true)
            let left = try await engine.docker(["top", text])
            #expect(!left.contains("sleep 4202"))
            #expect(left.contains("sleep 4203"))
            #expect(try await runtime.endLeftovers(run: "deadline", in: container) == 1)
            other.cancel()
            _ = await other.result
        }
    }
}

@Suite("The kernel's list of processes")
struct ProcessTableTests {
    @Test("kills only what is still what was looked for")
    func identity() async throws {
        try await BackgroundTool.with(["env", "PICJOBS_COMMAND=mark-4204", "sleep", "4204"], in: "/") {
            @Sendable func isMarked(_ process: Int32) -> Bool {
                ProcessTable.environment(of: process)?.marks(run: "*", command: "mark-4204") == true
            }
            var found: [Int32] = []
            for _ in 0..<200 where found.isEmpty {
                found = ProcessTable.processes(where: isMarked)
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(found.count == 1)
            // Somebody else has the number by now.
            #expect(await ProcessTable.end(found, where: { _ in false }) == 0)
            #expect(await ProcessTable.end(found + [0x3F_FFFF], where: isMarked) == 1)
            #expect(try await remaining(marked: "sleep 4204") == [])
        }
    }
}
