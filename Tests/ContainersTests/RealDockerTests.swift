import SystemPackage
import TestSupport
import Testing

@testable import Containers

@Suite("A real Docker engine", .tags(.docker, .root, .slow), .realDocker)
struct RealDockerTests {
    private func with<Result: Sendable>(
        _ image: TestImage, run: String = "run-1", options: [String] = [],
        _ body: (DockerRuntime, ContainerName, TestEngine) async throws -> Result
    ) async throws -> Result {
        let engine = try await TestEngine.shared()
        return try await engine.withContainer(image, options: options) { text in
            try await body(DockerRuntime(run: run, environment: engine.environment), name(text), engine)
        }
    }

    @Test("streams go in and out unchanged, and statuses come back", arguments: [TestImage.gnu, .busybox])
    func streams(image: TestImage) async throws {
        try await with(image) { runtime, container, _ in
            let bytes = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }
            let (reading, writing) = try cloexecPipe()
            async let output = readAll(reading)
            let result = try await runtime.exec(
                ContainerCommand(["cat"], input: .bytes(bytes), output: .descriptor(writing)), in: container)
            #expect(result.status == .exited(0))
            #expect(try await output == bytes)
            for code: Int32 in [1, 2, 137] {
                let ended = try await runtime.exec(ContainerCommand(["sh", "-c", "exit \(code)"]), in: container)
                #expect(ended.status == .exited(code))
                #expect(ended.transportFailure == nil)
            }
            let killed = try await runtime.exec(ContainerCommand(["sh", "-c", "kill -9 $$"]), in: container)
            #expect(killed.status == .exited(137))
            let both = try await runtime.exec(ContainerCommand(["sh", "-c", "echo o; echo e >&2"]), in: container)
            #expect(both.output == Array("o\n".utf8))
            #expect(both.errorText.lines == ["e"])
        }
    }

    @Test("the image's USER and TAR_OPTIONS don't reach the command")
    func hostileImage() async throws {
        try await with(.gnu, options: ["--user", "1000", "-e", "TAR_OPTIONS=--exclude=a*"]) { runtime, container, _ in
            let result = try await runtime.exec(
                ContainerCommand(["sh", "-c", "echo \"$TAR_OPTIONS|$LC_ALL|$PICJOBS_RUN\"; stat -c %u /proc/self"]),
                in: container)
            #expect(String(decoding: result.output, as: UTF8.self) == "|C|run-1\n0\n")
        }
    }

    @Test("inspect knows id, image and state, and the error of a stopped, paused or missing container says what to do")
    func states() async throws {
        try await with(.gnu) { runtime, container, engine in
            let info = try await runtime.requireRunning(container)
            #expect(info.id.utf8.count == 64)
            #expect(info.image == TestImage.gnu.reference)
            #expect(info.imageDigest?.hasPrefix("sha256:") == true)
            try await engine.pause(container.text)
            #expect(try await runtime.inspect(container).isPaused)
            let paused = try await runtime.exec(ContainerCommand(["true"]), in: container)
            #expect(paused.transportFailure?.code == .paused)
            await #expect(throws: ContainerError.self) { try await runtime.requireRunning(container) }
            try await engine.docker(["unpause", container.text])
            try await engine.docker(["kill", container.text])
            #expect(try await runtime.inspect(container).isRunning == false)
            let stopped = try await runtime.exec(ContainerCommand(["true"]), in: container)
            #expect(stopped.transportFailure?.code == .notRunning)
            #expect(stopped.transportFailure?.message.contains("docker start \(container)") == true)
            try await runtime.restart(container)
            try await runtime.requireRunning(container)
            let missing = await #expect(throws: ContainerError.self) { try await runtime.inspect(name("no-such")) }
            #expect(missing?.code == .notFound)
            await #expect(throws: ContainerError.self) { try await runtime.restart(name("no-such")) }
        }
    }

    @Test("an image without tar is the transport's failure; docker's message is in standard output")
    func noTar() async throws {
        try await with(.bare) { runtime, container, _ in
            let result = try await runtime.exec(ContainerCommand(["tar", "--version"]), in: container)
            #expect(result.transportFailure?.code == .commandNotStarted)
            #expect(String(decoding: result.output, as: UTF8.self).contains("executable file not found"))
        }
    }

    @Test("an engine that is not there is one clear line")
    func noEngine() async throws {
        let runtime = DockerRuntime(run: "r", environment: ["DOCKER_HOST": "unix:///nowhere/docker.sock"])
        let error = await #expect(throws: ContainerError.self) { try await runtime.inspect(name("c")) }
        #expect(error?.code == .engineUnreachable)
    }

    @Test("a cancelled stream leaves no tar in the container", arguments: [TestImage.gnu, .busybox])
    func cancel(image: TestImage) async throws {
        try await with(image, run: "run-cancel") { runtime, container, engine in
            _ = try await runtime.exec(
                ContainerCommand(["dd", "if=/dev/zero", "of=/data/big", "bs=1048576", "count=600"]), in: container)
            let (reading, writing) = try cloexecPipe()
            let task = Task {
                // Nobody reads: tar stands still in the middle.
                try await runtime.exec(
                    ContainerCommand(["tar", "-C", "/data", "-cf", "-", "."], output: .descriptor(writing)),
                    in: container)
            }
            try await engine.wait(for: "tar", in: container.text)
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            _ = try await runtime.endLeftovers(run: "run-cancel", in: container)
            try reading.close()
            #expect(try await !engine.runs("tar", in: container.text))
        }
    }

    @Test("leftovers of one run are ended, those of others, of other containers and the main process stay")
    func leftovers() async throws {
        try await with(.busybox, run: "run-a", options: ["-e", "PICJOBS_RUN=image"]) { runtime, container, engine in
            let neighbour = try await name(engine.start(.gnu))
            let sleeping = ["sleep", "4301"]
            for (run, place) in [("run-a", container), ("run-b", container), ("run-a", neighbour)] {
                try await engine.docker(["exec", "-d", "-e", "PICJOBS_RUN=\(run)", place.text] + sleeping)
            }
            func count(_ place: ContainerName) async throws -> Int {
                try await engine.docker(["top", place.text, "-eo", "pid,args"]).split(separator: "\n")
                    .count { $0.contains("sleep 4301") }
            }
            #expect(try await runtime.endLeftovers(run: "run-a", in: container) == 1)
            #expect(try await count(container) == 1)
            #expect(try await count(neighbour) == 1)
            #expect(try await runtime.endLeftovers(run: "*", in: container) == 1)
            #expect(try await count(container) == 0)
            #expect(try await runtime.inspect(container).isRunning)
            try await engine.remove(neighbour.text)
            #expect(try await runtime.endLeftovers(run: "*", in: container) == 0)
        }
    }

    @Test("leftovers are ended from inside where this host can't see them", arguments: [TestImage.gnu, .busybox])
    func remoteLeftovers(image: TestImage) async throws {
        try await with(image) { runtime, container, engine in
            for run in ["run-1", "run-10"] {
                try await engine.docker(
                    ["exec", "-d", "-e", "A=1", "-e", "PICJOBS_RUN=\(run)", container.text, "sleep", "4302"])
            }
            #expect(try await runtime.endFromInside(run: "run-1", in: container) == 1)
            #expect(try await runtime.endFromInside(run: "run-1", in: container) == 0)
            #expect(try await runtime.endFromInside(run: "*", in: container) == 1)
            #expect(try await runtime.inspect(container).isRunning)
        }
    }

    @Test("where the container lacks the tools for that, the error names the remedy")
    func unreachableLeftovers() async throws {
        try await with(.bare) { runtime, container, _ in
            let error = await #expect(throws: ContainerError.self) {
                try await runtime.endFromInside(run: "*", in: container)
            }
            #expect(error?.code == .leftoversRemain)
            #expect(error?.message.contains("docker restart \(container)") == true)
            try await runtime.requireRunning(container)
        }
    }

    @Test("a container that dies in the middle of a stream is never exit 0", arguments: [TestImage.gnu, .busybox])
    func death(image: TestImage) async throws {
        try await with(image) { runtime, container, engine in
            let (reading, writing) = try cloexecPipe()
            async let output = readAll(reading)
            let task = Task {
                try await runtime.exec(
                    ContainerCommand(["sh", "-c", "while :; do cat /bin/sh; done"], output: .descriptor(writing)),
                    in: container)
            }
            try await engine.wait(for: "cat /bin/sh", in: container.text)
            try await engine.docker(["kill", container.text])
            let result = try await task.value
            #expect(result.status == .exited(137))
            _ = try await output
        }
    }
}
