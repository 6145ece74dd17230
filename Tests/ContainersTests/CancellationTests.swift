import Containers
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Cancelling a command", .serialized)
struct CancellationTests {
    @Test(
        "ends the process, its children and those that ignore SIGTERM", .timeLimit(.minutes(5)),
        arguments: [
            ("exec sleep 4101", "sleep 4101"), ("sleep 4102 & sleep 4102", "sleep 4102"),
            ("trap '' TERM; sleep 4103; sleep 4103", "sleep 4103"),
            ("(trap '' TERM; sleep 4104; sleep 4104) & sleep 4104", "sleep 4104"),
            ("sh -c 'trap \"\" TERM; sleep 4105; sleep 4105' & trap 'exit 0' TERM; wait", "sleep 4105"),
            ("exec 2>&-; sh -c 'trap \"\" TERM; while :; do sleep 4106; done' & sleep 4106", "sleep 4106"),
            ("while :; do echo 4107 flood >&2; done", "4107 flood"), ("yes mark-4108", "mark-4108"),
        ])
    func ends(script: String, mark: String) async throws {
        try await TemporaryDirectory.with { directory in
            let runtime = DockerRuntime(docker: try fakeDocker(in: directory, script), run: "r")
            let (reading, writing) = try cloexecPipe()
            async let output = readAll(reading)
            let task = Task {
                try await runtime.exec(ContainerCommand(["tar"], output: .descriptor(writing)), in: name("c"))
            }
            try await Task.sleep(for: .milliseconds(300))
            // None of them ends by itself within the hour.
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            _ = try await output
            #expect(try await remaining(marked: mark) == [])
            #expect(try await remaining(marked: directory.string) == [])
        }
    }

    @Test("a command that is cancelled before it starts never starts, and its descriptors are closed")
    func beforeStart() async throws {
        try await TemporaryDirectory.with { directory in
            let runtime = DockerRuntime(
                docker: try fakeDocker(in: directory, "touch \(directory)/started"), run: "r")
            let (reading, writing) = try cloexecPipe()
            let task = Task {
                do { try await Task.sleep(for: .seconds(5)) } catch {}
                return try await runtime.exec(ContainerCommand(["tar"], output: .descriptor(writing)), in: name("c"))
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(try await readAll(reading) == [])
            #expect(access("\(directory)/started", F_OK) != 0)
        }
    }

    @Test("what a command leaves in its group is killed when the command has ended")
    func stragglers() async throws {
        try await TemporaryDirectory.with { directory in
            let runtime = DockerRuntime(docker: try fakeDocker(in: directory, "sleep 4109 & echo hi; exit 0"), run: "r")
            let result = try await runtime.exec(ContainerCommand(["tar"]), in: name("c"))
            #expect(result.status == .exited(0))
            #expect(result.output == Array("hi\n".utf8))
            #expect(try await remaining(marked: "sleep 4109") == [])
        }
    }

    @Test("40 commands at once, half of them cancelled at different moments, each end as they should")
    func concurrency() async throws {
        try await TemporaryDirectory.with { directory in
            let script = "echo o; echo e >&2; for last; do :; done; [ $last = quick ] || sleep 4111; exit 5"
            let runtime = DockerRuntime(docker: try fakeDocker(in: directory, script), run: "r")
            let container = try name("c")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<40 {
                    group.addTask {
                        let isSlow = number % 2 == 0
                        let task = Task {
                            try await runtime.exec(ContainerCommand([isSlow ? "slow" : "quick"]), in: container)
                        }
                        if isSlow {
                            try await Task.sleep(for: .milliseconds(10 * number))
                            task.cancel()
                            await #expect(throws: CancellationError.self) { try await task.value }
                        } else {
                            let result = try await task.value
                            #expect(result.status == .exited(5))
                            #expect(result.output == Array("o\n".utf8))
                            #expect(result.errorText.lines == ["e"])
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await remaining(marked: directory.string) == [])
            #expect(try await remaining(marked: "sleep 4111") == [])
        }
    }

    @Test("50 commands, every third one cancelled, leak no descriptor and no zombie, and children inherit none")
    func descriptors() async {
        // In a process of its own, so that other tests' descriptors don't count.
        await #expect(processExitsWith: .success) {
            try await TemporaryDirectory.with { directory in
                let script = "ls /proc/self/fd; for last; do :; done; [ $last = quick ] || sleep 4110"
                let runtime = DockerRuntime(docker: try fakeDocker(in: directory, script), run: "r")
                let container = try name("c")
                let first = try await runtime.exec(ContainerCommand(["quick"]), in: container)
                // 0, 1, 2 and the directory that ls itself reads, whatever number that has.
                #expect(String(decoding: first.output, as: UTF8.self).split(separator: "\n").count == 4)
                var before: [String] = []
                for round in 0..<54 {
                    // The first rounds make what the libraries keep: timers and event queues.
                    if round == 4 { before = try openDescriptors() }
                    let isSlow = round % 3 == 0
                    let (reading, writing) = try cloexecPipe()
                    async let output = readAll(reading)
                    let task = Task {
                        try await runtime.exec(
                            ContainerCommand([isSlow ? "slow" : "quick"], output: .descriptor(writing)), in: container)
                    }
                    if isSlow {
                        try await Task.sleep(for: .milliseconds(20))
                        task.cancel()
                    }
                    do {
                        _ = try await task.value
                        #expect(!isSlow)
                    } catch is CancellationError {
                        #expect(isSlow)
                    }
                    _ = try await output
                }
                let after = try openDescriptors()
                #expect(after == before)
                // No child is left, neither running nor a zombie.
                #expect(waitpid(-1, nil, WNOHANG) == -1)
            }
        }
    }
}
