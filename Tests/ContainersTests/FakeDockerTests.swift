import Containers
import Glibc
import SystemPackage
import TestSupport
import Testing

/// What the docker transport makes of a CLI that behaves in every bad way; a script stands in for it.
@Suite("The docker command, faked")
struct FakeDockerTests {
    @Test("exec passes exactly the pinned options, then --, then the command untouched by any shell")
    func argumentVector() async throws {
        try await TemporaryDirectory.with { directory in
            let docker = try fakeDocker(in: directory, #"for a; do printf '%s\n' "[$a]"; done; env | sort >&2"#)
            let runtime = DockerRuntime(docker: docker, run: "r1", environment: ["DOCKER_HOST": "unix:///nowhere"])
            let plain = try await runtime.exec(
                ContainerCommand(["tar", "-C", "/a b;$(x)", "."], deadline: ContainerCommand.Deadline.none),
                in: name("cell-a"))
            #expect(
                String(decoding: plain.output, as: UTF8.self).split(separator: "\n") == [
                    "[exec]", "[-u]", "[0]", "[-e]", "[LC_ALL=C]", "[-e]", "[TAR_OPTIONS=]", "[-e]", "[LD_PRELOAD=]",
                    "[-e]", "[PICJOBS_RUN=r1]", "[--]", "[cell-a]", "[tar]", "[-C]", "[/a b;$(x)]", "[.]",
                ])
            let known: Set = ["PATH", "HOME", "PWD", "OLDPWD", "SHLVL", "_"]
            let extra = plain.errorText.lines.filter { !known.contains(String($0.prefix { $0 != "=" })) }
            #expect(extra.filter { !$0.hasPrefix("DOCKER_") } == [])
            #expect(extra.contains("DOCKER_HOST=unix:///nowhere"))
            let fed = try await runtime.exec(
                ContainerCommand(
                    ["cat"], environment: ["B": "1", "PICJOBS_RUN": "r2"], input: .bytes([1]),
                    deadline: ContainerCommand.Deadline.none), in: name("cell-a"))
            #expect(
                String(decoding: fed.output, as: UTF8.self).contains(
                    "[B=1]\n[-e]\n[PICJOBS_RUN=r2]\n[-i]\n[--]\n[cell-a]\n[cat]"))
        }
    }

    @Test(
        "The bridge of a network has the name of its option, or one made of its id; another driver has none",
        arguments: [
            (#"{"driver":"bridge","id":"0123456789abcdef","options":{}}"#, "br-0123456789ab"),
            (#"{"driver":"bridge","id":"0123456789abcdef","options":null}"#, "br-0123456789ab"),
            (
                #"{"driver":"bridge","id":"01","options":{"com.docker.network.bridge.name":"br-cell"}}"#,
                "br-cell"
            ),
            (#"{"driver":"macvlan","id":"01","options":{}}"#, nil),
        ])
    func bridge(answer: String, name: String?) async throws {
        try await TemporaryDirectory.with { directory in
            let runtime = DockerRuntime(docker: try fakeDocker(in: directory, "echo '\(answer)'"), run: "r")
            #expect(try await runtime.bridge(of: try #require(ContainerName("cell-network"))) == name)
        }
    }

    @Test("an exit code is a result, and only docker's own codes are the transport's failure", arguments: [1, 2, 137])
    func exitCodes(code: Int32) async throws {
        try await TemporaryDirectory.with { directory in
            let runtime = DockerRuntime(docker: try fakeDocker(in: directory, "exit \(code)"), run: "r")
            let result = try await runtime.exec(ContainerCommand(["tar"]), in: name("c"))
            #expect(result.status == .exited(code))
            #expect(result.transportFailure == nil)
        }
    }

    @Test(
        "docker's own failures are told from the command's",
        arguments: [
            ("exit 125", ContainerError.Code.engineRefused), ("exit 126", .commandNotStarted),
            ("exit 127", .commandNotStarted),
            ("echo 'Error response from daemon: No such container: c' >&2; exit 1", .notFound),
            ("echo 'Error: No such container: c' >&2; exit 1", .notFound),
            ("echo 'Error response from daemon: Container 0ab is not running' >&2; exit 1", .notRunning),
            (
                "echo 'Error response from daemon: Container c is paused, unpause the container before exec' >&2; exit 1",
                .paused
            ),
            ("echo 'Error response from daemon: disk on fire' >&2; exit 1", .engineRefused),
            (
                "echo 'Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?' >&2; exit 1",
                .engineUnreachable
            ),
        ])
    func dockerFailures(script: String, code: ContainerError.Code) async throws {
        try await TemporaryDirectory.with { directory in
            let runtime = DockerRuntime(docker: try fakeDocker(in: directory, script), run: "r")
            let result = try await runtime.exec(ContainerCommand(["tar"]), in: name("c"))
            #expect(result.transportFailure?.code == code)
            #expect(result.transportFailure?.message.contains("container c") == true)
            await #expect(throws: ContainerError.self) { try await runtime.inspect(name("c")) }
        }
    }

    @Test("a missing docker command is one clear line, and the given descriptors are closed")
    func missingDocker() async throws {
        let runtime = DockerRuntime(docker: "/nowhere/docker", run: "r")
        let (reading, writing) = try cloexecPipe()
        let error = await #expect(throws: ContainerError.self) {
            try await runtime.exec(ContainerCommand(["tar"], output: .descriptor(writing)), in: name("cell-a"))
        }
        #expect(error?.code == .dockerMissing)
        #expect(error?.message.contains("cell-a") == true)
        #expect(try await readAll(reading) == [])
    }

    @Test("an engine that does not answer in time is an error, and its CLI is ended")
    func silentEngine() async throws {
        try await TemporaryDirectory.with { directory in
            let docker = try fakeDocker(in: directory, "sleep 4001")
            let runtime = DockerRuntime(docker: docker, run: "r", patience: .milliseconds(300))
            let error = await #expect(throws: ContainerError.self) { try await runtime.inspect(name("c")) }
            #expect(error?.code == .engineUnreachable)
            #expect(try await remaining(marked: "sleep 4001") == [])
        }
    }

    @Test("a CLI that kills itself is reported with its signal")
    func suicide() async throws {
        try await TemporaryDirectory.with { directory in
            let runtime = DockerRuntime(docker: try fakeDocker(in: directory, "kill -9 $$"), run: "r")
            let result = try await runtime.exec(ContainerCommand(["tar"]), in: name("c"))
            #expect(result.status == .signaled(9))
        }
    }

    @Test("100 MB of standard error are read to the end and kept in 80 KiB, while the output streams")
    func flood() async throws {
        try await TemporaryDirectory.with { directory in
            let script = "head -c 100000000 /dev/zero | tr '\\0' x >&2; echo data; echo last >&2; exit 2"
            let runtime = DockerRuntime(docker: try fakeDocker(in: directory, script), run: "r")
            let (reading, writing) = try cloexecPipe()
            async let output = readAll(reading)
            let result = try await runtime.exec(
                ContainerCommand(["tar"], output: .descriptor(writing)), in: name("c"))
            #expect(result.status == .exited(2))
            #expect(result.errorText.totalBytes == 100_000_005)
            #expect(result.errorText.head.count + result.errorText.tail.count == 80 * 1024)
            #expect(result.errorText.lines.last?.hasSuffix("xlast") == true)
            #expect(try await output == Array("data\n".utf8))
        }
    }

    @Test("a CLI that closes its output early gives the reader the end at once, and its status later")
    func earlyEnd() async throws {
        try await TemporaryDirectory.with { directory in
            // It lives on until the test has seen the end of its output.
            let seen = directory.appending("seen").string
            let script = "echo x; exec >&-; while [ ! -e '\(seen)' ]; do sleep 0.05; done; exit 3"
            let runtime = DockerRuntime(docker: try fakeDocker(in: directory, script), run: "r")
            let (reading, writing) = try cloexecPipe()
            async let output = readAll(reading)
            async let result = runtime.exec(ContainerCommand(["tar"], output: .descriptor(writing)), in: name("c"))
            #expect(try await output == Array("x\n".utf8))
            let mark = try FileDescriptor.open(
                seen, .writeOnly, options: [.create], permissions: .ownerReadWrite)
            try mark.close()
            #expect(try await result.status == .exited(3))
        }
    }

    @Test("a CLI that closes everything and lives on is still waited for")
    func silentLife() async throws {
        try await TemporaryDirectory.with { directory in
            let script = "exec >&- 2>&- <&-; sleep 0.4; exit 4"
            let runtime = DockerRuntime(docker: try fakeDocker(in: directory, script), run: "r")
            let result = try await runtime.exec(ContainerCommand(["tar"]), in: name("c"))
            #expect(result.status == .exited(4))
        }
    }

    @Test("output over the limit ends the CLI and is an error")
    func tooMuchOutput() async throws {
        try await TemporaryDirectory.with { directory in
            let runtime = DockerRuntime(
                docker: try fakeDocker(in: directory, "(trap '' TERM; while :; do sleep 4002; done) & yes mark-4002"),
                run: "r")
            let error = await #expect(throws: ContainerError.self) {
                try await runtime.exec(ContainerCommand(["tar"], output: .collect(limit: 1000)), in: name("c"))
            }
            #expect(error?.code == .outputTooLong)
            #expect(try await remaining(marked: "mark-4002") == [])
            #expect(try await remaining(marked: "sleep 4002") == [])
        }
    }

    @Test("input that the CLI does not read is no error", arguments: ["exit 0", "head -c 1 >/dev/null; exit 0"])
    func unreadInput(script: String) async throws {
        try await TemporaryDirectory.with { directory in
            let runtime = DockerRuntime(docker: try fakeDocker(in: directory, script), run: "r")
            let bytes = [UInt8](repeating: 7, count: 4 << 20)
            let result = try await runtime.exec(ContainerCommand(["tar"], input: .bytes(bytes)), in: name("c"))
            #expect(result.status == .exited(0))
        }
    }

    @Test("ordinary words on standard error are the command's own, not the transport's")
    func ordinaryMessages() async throws {
        try await TemporaryDirectory.with { directory in
            let script = "echo 'tar: Error response from daemon: No such container: c' >&2; exit 2"
            let runtime = DockerRuntime(docker: try fakeDocker(in: directory, script), run: "r")
            let result = try await runtime.exec(ContainerCommand(["tar"]), in: name("c"))
            #expect(result.transportFailure == nil)
        }
    }

    @Test("an answer to inspect that is no JSON is an error")
    func badAnswer() async throws {
        try await TemporaryDirectory.with { directory in
            let runtime = DockerRuntime(docker: try fakeDocker(in: directory, "echo hello"), run: "r")
            let error = await #expect(throws: ContainerError.self) { try await runtime.inspect(name("c")) }
            #expect(error?.code == .badAnswer)
        }
    }

    @Test("bytes and descriptors arrive whole on standard input")
    func input() async throws {
        try await TemporaryDirectory.with { directory in
            let runtime = DockerRuntime(docker: try fakeDocker(in: directory, "cat"), run: "r")
            let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let echoed = try await runtime.exec(
                ContainerCommand(["cat"], input: .bytes(bytes), output: .collect(limit: 4 << 20)), in: name("c"))
            #expect(echoed.output == bytes)
            let (reading, writing) = try cloexecPipe()
            _ = try writing.writeAll("hello".utf8)
            try writing.close()
            let piped = try await runtime.exec(ContainerCommand(["cat"], input: .descriptor(reading)), in: name("c"))
            #expect(piped.output == Array("hello".utf8))
        }
    }
}
