import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Containers

@Suite("Compose projects on a real Docker engine", .tags(.docker, .root, .slow), .realDocker)
struct ComposeTests {
    /// A project of its own in the engine of the tests; whatever becomes of it, nothing of it stays.
    private func with(
        _ service: String, _ body: (Stage) async throws -> Void
    ) async throws {
        let engine = try await TestEngine.shared()
        let image = try await engine.reference(of: .busybox)
        try await TemporaryDirectory.with { directory in
            let runtime = DockerRuntime(run: "run-1", environment: engine.environment)
            let project = ComposeProject(service: service, file: directory.appending("docker-compose.yml"))
            let stage = Stage(
                engine: engine, runtime: runtime, compose: try await Compose(runtime), project: project, image: image)
            do {
                try await body(stage)
            } catch {
                // The failure of the test is the one to report.
                do { try await stage.clear() } catch {}
                throw error
            }
            try await stage.clear()
        }
    }

    private struct Stage {
        let engine: TestEngine
        let runtime: DockerRuntime
        let compose: Compose
        let project: ComposeProject
        let image: String

        /// Writes the file: services by the name of their container, with further lines for each.
        func write(_ services: [String: [String]], volumes: [String] = []) throws {
            var text = "version: '3.8'\nservices:\n"
            for (container, lines) in services.sorted(by: { $0.key < $1.key }) {
                text += "  \(container):\n    image: \(image)\n    container_name: \(container)\n"
                text += "    network_mode: none\n    stop_grace_period: 0s\n"
                text += lines.map { "    \($0)\n" }.joined()
            }
            if !volumes.isEmpty { text += "volumes:\n" + volumes.map { "  \($0):\n" }.joined() }
            try text.write(toFile: project.file.string, atomically: true, encoding: .utf8)
        }

        /// Waits until a container is as wanted, at most half a minute.
        func condition(
            of container: String, _ isAsWanted: (ContainerCondition) -> Bool
        ) async throws -> ContainerCondition {
            let name = try name(container)
            for _ in 0..<300 {
                if let now = try await runtime.conditions(of: [name])[name], isAsWanted(now) { return now }
                try await Task.sleep(for: .milliseconds(100))
            }
            return try #require(try await runtime.conditions(of: [name])[name])
        }

        func clear() async throws {
            try await runtime.removeContainers(ofProject: project.name, withData: true)
            try await runtime.removeVolumes(try await runtime.volumes(ofProject: project.name))
        }
    }

    @Test("A project comes up with its volume, loses what its file no longer names, and goes without a file")
    func life() async throws {
        try await with("life") { stage in
            let sleeping = ["command: [sh, -c, 'echo hello from $$HOSTNAME; exec sleep 1000']", "hostname: here"]
            try stage.write(
                ["life-one": sleeping + ["volumes: ['data:/data']"], "life-two": sleeping], volumes: ["data"])
            // Compose would read it: a variable of its own must not lead it elsewhere.
            let directory = stage.project.file.removingLastComponent()
            try "COMPOSE_PROJECT_NAME=elsewhere\n".write(
                toFile: directory.appending(".env").string, atomically: true, encoding: .utf8)
            try await stage.compose.up(stage.project)
            #expect(stage.project.name == "pic-life")
            #expect(try await stage.runtime.containers(ofProject: "pic-life") == [name("life-one"), name("life-two")])
            #expect(try await stage.runtime.volumes(ofProject: "pic-life") == ["pic-life_data"])
            #expect(try await stage.runtime.containers(ofProject: "elsewhere").isEmpty)
            let found = try await stage.runtime.conditions(of: [name("life-one"), name("no-such")])
            #expect(found.keys.map(\.text) == ["life-one"])
            let one = try #require(found[name("life-one")])
            #expect(one.isRunning && one.word == "running" && one.restarts == 0)
            #expect(one.project == "pic-life" && one.imageName == stage.image)
            #expect(try await stage.runtime.image(stage.image) == one.image)

            let (reading, writing) = try cloexecPipe()
            async let output = readAll(reading)
            try await stage.compose.logs(
                stage.project, of: [name("life-two")], lines: 10, follow: false, into: writing)
            let text = String(decoding: try await output, as: UTF8.self)
            #expect(text.contains("hello from here") && text.contains("life-two") && !text.contains("life-one"))

            try stage.write(["life-one": sleeping + ["volumes: ['data:/data']"]], volumes: ["data"])
            try await stage.compose.up(stage.project)
            #expect(try await stage.runtime.containers(ofProject: "pic-life") == [name("life-one")])
            try FileManager.default.removeItem(atPath: stage.project.file.string)
            let removed = try await stage.runtime.removeContainers(ofProject: "pic-life", withData: false)
            #expect(removed == [try name("life-one")])
            #expect(try await stage.runtime.volumes(ofProject: "pic-life") == ["pic-life_data"])
            try await stage.runtime.removeVolumes(["pic-life_data", "pic-life_data"])
            #expect(try await stage.runtime.volumes(ofProject: "pic-life").isEmpty)
            #expect(try await stage.runtime.removeContainers(ofProject: "pic-life", withData: true).isEmpty)
        }
    }

    @Test("A health check's verdict and last words are known, and so is a container that ends again and again")
    func health() async throws {
        try await with("health") { stage in
            let check = { (words: String) in
                "healthcheck: {test: [CMD, sh, -c, '\(words)'], interval: 1s, timeout: 2s, retries: 1}"
            }
            let sleeping = "command: [sleep, '1000']"
            try stage.write([
                "health-good": [sleeping, check("exit 0")],
                "health-bad": [sleeping, check("echo no database; exit 1")],
                "health-none": ["command: [sh, -c, 'exit 3']"],
                "health-again": ["command: [sh, -c, 'exit 4']", "restart: always"],
            ])
            try await stage.compose.up(stage.project)
            #expect(try await stage.condition(of: "health-good") { $0.health == .healthy }.word == "healthy")
            let bad = try await stage.condition(of: "health-bad") { $0.health == .unhealthy }
            #expect(bad.word == "unhealthy" && bad.lastCheck == "no database")
            #expect(try await stage.condition(of: "health-none") { !$0.isRunning }.word == "exited (3)")
            #expect(try await stage.condition(of: "health-again") { $0.restarts > 0 }.restarts > 0)
        }
    }

    @Test("What Compose refuses is told in its words, with the project's name")
    func refusals() async throws {
        try await with("refused") { stage in
            try "services: {refused-one: {image: 'picjobs-no-such-image:1', network_mode: none}}\nversion: '3.8'\n"
                .write(
                    toFile: stage.project.file.string, atomically: true, encoding: .utf8)
            let missing = await #expect(throws: ContainerError.self) { try await stage.compose.up(stage.project) }
            #expect(missing?.code == .engineRefused)
            #expect(missing?.message.contains("for pic-refused") == true, "\(missing?.message ?? "")")
            try "services: [".write(toFile: stage.project.file.string, atomically: true, encoding: .utf8)
            let broken = await #expect(throws: ContainerError.self) { try await stage.compose.up(stage.project) }
            #expect(broken?.message.contains("docker-compose.yml") == true, "\(broken?.message ?? "")")
            #expect(try await stage.runtime.containers(ofProject: "pic-refused").isEmpty)
        }
        let engine = try await TestEngine.shared()
        try await TemporaryDirectory.with { directory in
            let runtime = DockerRuntime(
                docker: try fakeDocker(in: directory, "exit 1"), run: "run-1",
                environment: engine.environment.merging(["PATH": directory.string]) { _, own in own })
            let none = await #expect(throws: ContainerError.self) { try await Compose(runtime) }
            #expect(none?.code == .dockerMissing)
            #expect(none?.message.contains("install docker-compose") == true)
        }
    }

    @Test("An image can be looked up, given its old name back, and one that nobody has is told apart")
    func images() async throws {
        let engine = try await TestEngine.shared()
        let runtime = DockerRuntime(run: "run-1", environment: engine.environment)
        let (one, other) = (try await engine.reference(of: .busybox), try await engine.reference(of: .bare))
        let digest = try #require(try await runtime.image(one))
        #expect(digest.hasPrefix("sha256:"))
        #expect(try await runtime.image("picjobs-no-such-image:1") == nil)
        try await runtime.tag(other, as: "picjobs-moving:1")
        try await runtime.tag(digest, as: "picjobs-moving:1")
        #expect(try await runtime.image("picjobs-moving:1") == digest)
        try await engine.docker(["rmi", "picjobs-moving:1"])
        let pulled = await #expect(throws: ContainerError.self) {
            try await runtime.pull("127.0.0.1:9/picjobs-no-such-image:1")
        }
        #expect(pulled?.message.contains("pull 127.0.0.1:9/picjobs-no-such-image:1") == true)
    }

    @Test("Every address of a network has an owner, also that of a stopped container")
    func addresses() async throws {
        let engine = try await TestEngine.shared()
        let runtime = DockerRuntime(run: "run-1", environment: engine.environment)
        #expect(try await runtime.addresses(inNetwork: "picjobs-no-such-network") == nil)
        let network = "picjobs-addresses"
        try await engine.docker(["network", "create", "--subnet", "10.77.0.0/24", "--gateway", "10.77.0.1", network])
        do {
            #expect(try await runtime.addresses(inNetwork: network) == ["10.77.0.1": "the network \(network) itself"])
            try await engine.withContainer(.bare, options: ["--network", network, "--ip", "10.77.0.20"]) { container in
                #expect(try await runtime.addresses(inNetwork: network)?["10.77.0.20"] == container)
                try await engine.docker(["kill", container])
                #expect(try await runtime.addresses(inNetwork: network)?["10.77.0.20"] == container)
            }
        } catch {
            do { try await engine.docker(["network", "rm", network]) } catch {}
            throw error
        }
        try await engine.docker(["network", "rm", network])
    }
}
