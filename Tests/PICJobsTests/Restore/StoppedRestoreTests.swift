import FoundationEssentials
import SystemPackage
import TestSupport
import Testing

@testable import Archive
@testable import Runs

/// A service in a real container with the volume `/data/notes`, and the cell that it belongs to.
private struct RunningService {
    let engine: TestEngine
    let cell: JobCell
    let volume: String

    /// - Parameter script: what its main process does.
    static func with(
        _ script: String, _ options: [String] = [], _ body: (RunningService) async throws -> Void
    ) async throws {
        let engine = try await TestEngine.shared()
        try await TemporaryDirectory.with { directory in
            let cell = try JobCell(directory)
            let number = UInt32.random(in: 0...UInt32.max)
            let (name, volume) = ("cell-notes-\(number)", "notes-\(number)")
            try cell.write("docker", "#!/bin/sh\nDOCKER_HOST=\(engine.host) exec docker \"$@\"\n")
            try await Tool.run(["chmod", "+x", cell.path + "/docker"])
            try cell.write("config/picjobs.yml", "docker: \(cell.path)/docker\n")
            let manifest = try String(
                contentsOfFile: JobCell.project + "/Tests/Fixtures/services/notes/manifest.json", encoding: .utf8)
            try cell.write(
                "data/services/notes/manifest.json", manifest.replacing("cell-notes", with: name))
            let mount =
                options.isEmpty
                ? ["-v", "\(volume):/data/notes"] : options.map { $0.replacing("VOLUME", with: volume) }
            try await engine.docker(
                ["run", "-d", "--name", name, "--network", "none", "--restart", "always"] + mount
                    + [try await engine.reference(of: .gnu), "sh", "-c", script])
            let service = RunningService(engine: engine, cell: cell, volume: name)
            do {
                try await body(service)
            } catch {
                try await engine.docker(["rm", "-f", "-v", name])
                throw error
            }
            try await engine.docker(["rm", "-f", "-v", name])
        }
    }

    /// Runs a script in the container.
    @discardableResult
    func sh(_ script: String) async throws -> String {
        try await engine.docker(["exec", "-u", "0", volume, "sh", "-euc", script])
    }

    func backUp() async throws {
        let report = try await perform(.backup) { try await BackupRun($0, kind: .manual).run() }
        #expect(report.verdict == .ok)
    }

    func restore(_ change: (inout RestoreOptions) -> Void = { _ in }) async throws -> RestoreReport {
        var options = RestoreOptions(snapshot: "latest")
        options.all = true
        options.services = ["notes"]
        change(&options)
        let chosen = options
        return try await perform(.restore) { try await RestoreRun($0, chosen).run() }
    }

    func perform<Value>(_ kind: RunKind, _ work: (RunSession) async throws -> Value) async throws -> Value {
        try await RunSession.perform(try cell.open(), kind: kind, observer: SilentObserver(), exitCode: { _ in 1 }) {
            (try await work($0), RunSession.Ending(exitCode: 0, result: "done"))
        }
    }

    func inspect(_ template: String) async throws -> String {
        try await engine.docker(["inspect", "-f", template, volume]).trimmed
    }

    /// Stand-ins that are left.
    func standIns() async throws -> String {
        try await engine.docker(["ps", "-aq", "--filter", "label=picjobs.stand-in"])
    }
}

extension String {
    fileprivate var trimmed: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}

@Suite("A restore while nothing of the service runs", .tags(.docker, .root, .slow), .realDocker, .serialized)
struct StoppedRestoreTests {
    /// Saves its memory over its data when it is told to stop.
    private static let saver =
        "trap 'cat /tmp/memory > /data/notes/state; exit 0' TERM; touch /tmp/memory; while :; do sleep 0.1; done"

    @Test("What a service saves at its end belongs to the old content, and is gone with it")
    func savesAtItsEnd() async throws {
        try await RunningService.with(Self.saver) { service in
            try await service.sh("echo good > /data/notes/state; echo good > /tmp/memory")
            try await service.backUp()
            try await service.sh(
                "echo wrong > /data/notes/state; echo wrong > /tmp/memory; echo new > /data/notes/added")
            let before = try await service.inspect("{{.State.StartedAt}}")
            let report = try await service.restore()
            #expect(report.volumes.compactMap(\.error).isEmpty)
            #expect(report.unfinished.isEmpty)
            #expect(try await service.sh("cat /data/notes/state; ls -A /data/notes") == "good\nstate\n")
            #expect(try await service.inspect("{{.State.StartedAt}}") != before)
            #expect(try await service.inspect("{{.State.Running}} {{.HostConfig.RestartPolicy.Name}}") == "true always")
            #expect(try await service.standIns() == "")
        }
    }

    @Test("Without a restart the service runs on, and a warning says what that means")
    func withoutRestart() async throws {
        try await RunningService.with(Self.saver) { service in
            try await service.sh("echo good > /data/notes/state")
            try await service.backUp()
            try await service.sh("echo wrong > /data/notes/state")
            let before = try await service.inspect("{{.State.StartedAt}}")
            let report = try await service.restore { $0.withoutRestart = true }
            #expect(try await service.sh("cat /data/notes/state") == "good\n")
            #expect(try await service.inspect("{{.State.StartedAt}}") == before)
            #expect(report.volumes.first?.warnings.contains { $0.contains("was not restarted") } == true)
        }
    }

    @Test("A container that does not run is restored by a stand-in, and stays as it is")
    func stopped() async throws {
        try await RunningService.with("exec sleep 1000") { service in
            try await service.sh("echo good > /data/notes/state")
            try await service.backUp()
            try await service.sh("echo wrong > /data/notes/state")
            try await service.engine.docker(["stop", "-t", "0", service.volume])
            let report = try await service.restore()
            #expect(report.volumes.compactMap(\.error).isEmpty)
            #expect(report.safety != nil)
            #expect(try await service.inspect("{{.State.Running}}") == "false")
            try await service.engine.docker(["start", service.volume])
            #expect(try await service.sh("cat /data/notes/state; ls -A /data/notes") == "good\nstate\n")
            #expect(try await service.standIns() == "")
        }
    }

    @Test("A path that is a link is followed: what was added behind it goes")
    func link() async throws {
        let script = "mkdir -p /data; ln -sfn /srv/real /data/notes; exec sleep 1000"
        try await RunningService.with(script, ["-v", "VOLUME:/srv/real"]) { service in
            while try await service.engine.docker(["exec", service.volume, "ls", "/data"]) == "" {
                try await Task.sleep(for: .milliseconds(50))
            }
            try await service.sh("echo good > /srv/real/state")
            try await service.backUp()
            try await service.sh("echo wrong > /srv/real/state; echo new > /srv/real/added")
            let report = try await service.restore()
            #expect(report.volumes.compactMap(\.error).isEmpty)
            #expect(try await service.sh("cat /srv/real/state; ls -A /srv/real") == "good\nstate\n")
            let snapshot = try service.cell.open().store().list(key: try service.cell.open().key()).snapshots.first
            #expect(snapshot?.document.services.first?.archives.first?.resolvedPath == "/srv/real")
        }
    }

    @Test("A path in the container's own layer is restored with its processes frozen, then killed")
    func layer() async throws {
        try await RunningService.with(Self.saver, ["--tmpfs", "/unused"]) { service in
            try await service.sh("mkdir -p /data/notes; echo good > /data/notes/state; echo good > /tmp/memory")
            try await service.backUp()
            try await service.sh("echo wrong > /data/notes/state; echo wrong > /tmp/memory")
            let report = try await service.restore()
            #expect(report.volumes.compactMap(\.error).isEmpty)
            #expect(try await service.sh("cat /data/notes/state") == "good\n")
            #expect(try await service.inspect("{{.State.Running}} {{.HostConfig.RestartPolicy.Name}}") == "true always")
        }
    }

    @Test("A restore that was killed in its swap is undone before the service is started again")
    func killedInTheSwap() async throws {
        try await RunningService.with(Self.saver) { service in
            try await service.sh("mkdir /data/notes/d; echo old > /data/notes/d/state")
            let place = VolumePlace(
                service: "notes", name: "notes_data", container: service.volume, path: "/data/notes")
            let run = RunID()
            let stage = ".picjobs-\(run)"
            let record = try RunRecord(try service.cell.open(), id: run, kind: .restore)
            try record.begin(RunStep(.stage, place, stage: stage))
            try record.begin(RunStep(.quiesce, [StoppedContainer(name: service.volume, policy: "always", way: .stop)]))
            try record.begin(RunStep(.swapOut, place, stage: stage))
            // Half moved, and started by hand since: it works on what is there, and makes a name that belongs to the old.
            try await service.sh(
                "cd /data/notes; mkdir -p \(stage)/new \(stage)/old \(stage)/late; mv d \(stage)/old; mkdir d; echo hand > d/by"
            )
            try await service.perform(.verify) { _ in }
            #expect(try await service.sh("cat /data/notes/d/state") == "old\n")
            let kept = "/data/notes/.picjobs-kept-\(run)"
            #expect(try await service.sh("cat \(kept)/*/d/by") == "hand\n")
            let result = try RunHistory(try service.cell.open()).summary(run).result ?? ""
            #expect(result.contains("undone") && result.contains(kept), "\(result)")
            #expect(try await service.inspect("{{.State.Running}}") == "true")
            #expect(try RunHistory(try service.cell.open()).summary(run).state == .interrupted)
        }
    }

    @Test("Containers that were stopped are those of the first line that names them, until they are started")
    func journal() {
        let first = StoppedContainer(name: "a", policy: "always", way: .stop)
        let again = StoppedContainer(name: "a", policy: "no", way: .stop)
        let other = StoppedContainer(name: "b", policy: "no", way: .freeze)
        let steps = [RunStep(.quiesce, [first]), RunStep(.quiesce, [again, other])]
        #expect(steps.stopped == [first, other])
        #expect(!steps.areSettled)
        #expect((steps + [RunStep(.resume, [first])]).stopped == [other])
        #expect((steps + [RunStep(.resume, [first, other])]).areSettled)
    }

    @Test("A leftover is no reason to leave a volume out, and is not forgotten")
    func leftover() {
        let place = RestoreCell.place
        let steps = [RunStep(.sweep, place, stage: "s"), RunStep(.leftover, place, stage: "s")]
        #expect(steps.unsettled.isEmpty)
        #expect(steps.leftovers == [place: "s"])
        #expect(!steps.areSettled)
        #expect((steps + [RunStep(.settled, place)]).areSettled)
    }
}
