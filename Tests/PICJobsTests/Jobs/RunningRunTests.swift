import Archive
import FoundationEssentials
import Glibc
import Runs
import TestSupport
import Testing

struct RunningRunTests {
    private static let id = "20261123T023000Z-3fa9c1"

    /// Starts a process called `sleep` that holds the cell's lock as a run would; returns its number.
    private func holder(_ cell: JobCell, wrapper: String = "") async throws -> Int32 {
        let script = """
            exec 9<>"$0/data/picjobs.lock"; flock -x 9; \(wrapper) printf '%s %s\\n' \(Self.id) $$ >&9
            exec sleep 60
            """
        let number = try await Tool.run([
            "sh", "-c", "sh -c \"$1\" \"$0\" >/dev/null 2>&1 </dev/null & echo $!", cell.path, script,
        ])
        let process = try #require(Int32(number.filter(\.isNumber)))
        for _ in 1...200 where try String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8) != "sleep\n" {
            try await Task.sleep(for: .milliseconds(20))
        }
        return process
    }

    @Test("Nothing runs in a cell without a lock, or with one that nobody holds")
    func nothing() throws {
        try TemporaryDirectory.with { path in
            let cell = try JobCell(path)
            #expect(try RunningRun.current(cell.open()) == nil)
            // The number of a process that lives, but holds nothing.
            try cell.write("data/picjobs.lock", "\(Self.id) \(getppid())\n")
            #expect(try RunningRun.current(cell.open()) == nil)
        }
    }

    @Test("The run that holds the lock is found, and ends when it is cancelled")
    func cancelled() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try JobCell(path)
            let process = try await holder(cell)
            defer { kill(process, SIGKILL) }
            let running = try #require(try RunningRun.current(cell.open(), program: "sleep"))
            #expect(running.id.text == Self.id)
            #expect(running.process == process)
            #expect(try await running.cancel())
            #expect(try RunningRun.current(cell.open(), program: "sleep") == nil)
        }
    }

    @Test("A process that is not picjobs is never signalled")
    func foreign() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try JobCell(path)
            let process = try await holder(cell)
            defer { kill(process, SIGKILL) }
            let error = #expect(throws: RunError.self) { try RunningRun.current(cell.open()) }
            #expect(error?.message.contains("sleep") == true)
            #expect(kill(process, 0) == 0)
        }
    }

    @Test("A lock that is held, but not by the process it names, is nobody's to cancel")
    func stale() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try JobCell(path)
            let process = try await holder(cell)
            defer { kill(process, SIGKILL) }
            try cell.write("data/picjobs.lock", "\(Self.id) \(getppid())\n")
            #expect(throws: RunError.self) { try RunningRun.current(cell.open(), program: "sleep") }
            #expect(kill(process, 0) == 0)
        }
    }

    @Test("A run that does not end in time is said to run still")
    func stubborn() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try JobCell(path)
            let process = try await holder(cell, wrapper: "trap '' TERM;")
            defer { kill(process, SIGKILL) }
            let running = try #require(try RunningRun.current(cell.open(), program: "sleep"))
            #expect(try await running.cancel(waiting: 0.3) == false)
        }
    }
}
