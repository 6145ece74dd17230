import Testing

@testable import Containers

@Suite("What is mounted in a container")
struct ContainerMountTests {
    private let info = ContainerInfo(
        id: "", image: "", imageDigest: nil, isRunning: true, isPaused: false,
        mounts: [
            ContainerMount(kind: .volume, source: "/v/inner", destination: "/srv/notes/media"),
            ContainerMount(kind: .volume, source: "/v/outer", destination: "/srv/notes"),
            ContainerMount(kind: .tmpfs, source: "", destination: "/run"),
        ])

    @Test("The mount that holds a path is the deepest one above it")
    func holding() {
        #expect(info.mount(holding: "/srv/notes")?.source == "/v/outer")
        #expect(info.mount(holding: "/srv/notes/media/x")?.source == "/v/inner")
        #expect(info.mount(holding: "/srv/notes-old") == nil)
        #expect(info.mount(holding: "/run/lock")?.kind == .tmpfs)
    }

    @Test("A path's place on the host is below the mount's source")
    func place() {
        #expect(info.mount(holding: "/srv/notes/a/b")?.place(of: "/srv/notes/a/b") == "/v/outer/a/b")
        #expect(info.mount(holding: "/srv/notes")?.place(of: "/srv/notes") == "/v/outer")
        #expect(info.mount(holding: "/run/x")?.place(of: "/run/x") == nil)
        let all = ContainerMount(kind: .bind, source: "/root", destination: "/")
        #expect(all.place(of: "/a") == "/root/a")
    }

    @Test("Places overlap when one is the other or lies below it")
    func overlap() {
        #expect(ContainerMount.overlap("/a/b", "/a"))
        #expect(ContainerMount.overlap("/a", "/a/b"))
        #expect(ContainerMount.overlap("/", "/a"))
        #expect(!ContainerMount.overlap("/a/b", "/a/bc"))
    }

    @Test(
        "What docker's CLI says about its own settings is no word of the command",
        arguments: [
            ("WARNING: Error loading config file: /root/.docker/config.json: EOF", true),
            (#"time="2026-11-28T03:00:00Z" level=warning msg="Unable to read config""#, true),
            ("tar: ./a: file changed as we read it", false), ("time=\"tar\"", false),
        ])
    func commandLine(_ line: String, _ isOwn: Bool) {
        #expect(ContainerError.isAboutCommandLine(line) == isOwn)
        let kept = StderrCapture("tar: x\n\(line)\n").without(ContainerError.isAboutCommandLine)
        #expect(kept.lines == (isOwn ? ["tar: x"] : ["tar: x", line]))
    }
}
