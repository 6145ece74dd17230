import Containers
import Synchronization
import Testing

@testable import Runs

/// Containers whose states are told in advance, one an inspection; the last one stays.
private final class ScriptedRuntime: ContainerRuntime {
    enum State: Sendable { case running, paused, restarting, stopped(Int?), missing, noEngine }

    let kind = "docker"
    let lifecycle: (any ContainerLifecycle)? = nil
    private let states: Mutex<[State]>
    let looks = Atomic<Int>(0)

    init(_ states: [State]) { self.states = Mutex(states) }

    func inspect(_ name: Containers.ContainerName) async throws -> ContainerInfo {
        looks.add(1, ordering: .relaxed)
        let state = states.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
        func info(running: Bool = false, paused: Bool = false, restarting: Bool = false, ended: Int? = nil)
            -> ContainerInfo
        {
            ContainerInfo(
                id: "1", image: "i", imageDigest: nil, isRunning: running, isPaused: paused, isRestarting: restarting,
                secondsSinceEnd: ended, exitCode: 7)
        }
        switch state {
        case .running: return info(running: true)
        case .paused: return info(running: true, paused: true)
        case .restarting: return info(running: true, restarting: true)
        case .stopped(let seconds): return info(ended: seconds)
        case .missing: throw ContainerError(.notFound, "there is no container \(name)")
        case .noEngine: throw ContainerError(.engineUnreachable, "the Docker engine can't be reached")
        }
    }

    func path(_ path: String, in name: Containers.ContainerName) throws -> String { path }
    func exec(_ command: ContainerCommand, in name: Containers.ContainerName) async throws -> ExecResult {
        ExecResult(status: .exited(0))
    }
    func restart(_ name: Containers.ContainerName) async throws {}
    func endLeftovers(run: String, in name: Containers.ContainerName) async throws -> Int { 0 }
}

@Suite("A container that is away for a moment")
struct ContainerWatchTests {
    private func watch(
        _ states: [ScriptedRuntime.State], limit: Int = 30
    ) throws -> (ContainerWatch, ScriptedRuntime, Containers.ContainerName) {
        let runtime = ScriptedRuntime(states)
        let name = Containers.ContainerName("cell-notes")
        return (ContainerWatch(runtime, limit: limit, observer: SilentObserver()), runtime, try #require(name))
    }

    @Test(
        "is waited for when it ran, when it just ended, and when it is paused, restarts, or its engine does",
        arguments: [
            [ScriptedRuntime.State.running, .stopped(4000), .running], [.running, .missing, .running],
            [.stopped(5), .stopped(5), .running], [.paused, .paused, .running], [.restarting, .restarting, .running],
            [.noEngine, .noEngine, .running], [.running, .noEngine, .stopped(1), .running],
        ])
    private func waited(_ states: [ScriptedRuntime.State]) async throws {
        let (watch, _, name) = try watch(states)
        try await watch.begin(["cell-notes"])
        #expect(try await watch.ready(name) == nil)
    }

    @Test(
        "costs no time when it was stopped all along, and the reason is the true one",
        arguments: [
            (
                ScriptedRuntime.State.stopped(7300),
                "it ended 2 hours ago with exit 7; start it: docker start cell-notes"
            ),
            (.stopped(nil), "never ran"), (.missing, "there is no container cell-notes"),
        ])
    private func stopped(_ state: ScriptedRuntime.State, words: String) async throws {
        let (watch, runtime, name) = try watch([state])
        try await watch.begin(["cell-notes"])
        #expect(try await watch.ready(name)?.contains(words) == true)
        #expect(runtime.looks.load(ordering: .relaxed) == 2)
    }

    @Test(
        "is waited for once, not again for each of its volumes", arguments: [ScriptedRuntime.State.paused, .noEngine])
    private func once(_ state: ScriptedRuntime.State) async throws {
        let (watch, runtime, name) = try watch([state], limit: 1)
        let reason = try await watch.ready(name)
        #expect(reason?.contains("(1 seconds were waited for it)") == true)
        let looks = runtime.looks.load(ordering: .relaxed)
        #expect(try await watch.ready(name) != nil)
        #expect(runtime.looks.load(ordering: .relaxed) == looks + 1)
    }

    @Test("is not waited for any longer when the run is cancelled")
    func cancelled() async throws {
        let (watch, _, name) = try watch([.paused], limit: 3600)
        let task = Task { try await watch.ready(name) }
        try await Task.sleep(for: .milliseconds(100))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
