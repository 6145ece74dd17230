import FoundationEssentials
import SystemPackage
import TestSupport
import Testing

@testable import Archive
@testable import Runs

@Suite("A backup from real containers", .tags(.docker, .root, .slow), .realDocker)
struct DockerBackupTests {
    /// A cell with one service, in a container of the tests' engine.
    private func with(
        _ image: TestImage, options: (JobCell) -> [String] = { _ in [] },
        _ body: (JobCell, String, TestEngine) async throws -> Void
    ) async throws {
        let engine = try await TestEngine.shared()
        try await TemporaryDirectory.with { directory in
            let cell = try JobCell(directory, "cell")
            try FileManager.default.removeItem(atPath: cell.path + "/data/services/notes")
            let id = "n\(UInt32.random(in: 1...UInt32.max))"
            try cell.addService(id)
            try cell.write("docker", "#!/bin/sh\nDOCKER_HOST=\(engine.host) exec docker \"$@\"\n")
            try await Tool.run(["chmod", "755", cell.path + "/docker"])
            try cell.write("config/picjobs.yml", "docker: \(cell.path)/docker\ncontainer_wait: 40\n")
            let name = try await engine.start(image, name: "cell-\(id)", options: options(cell))
            try await engine.docker(["exec", name, "mkdir", "-p", "/data/\(id)"])
            try await engine.docker(["exec", name, "sh", "-c", "echo one > /data/\(id)/one"])
            do {
                try await body(cell, name, engine)
            } catch {
                do { try await engine.remove(name) } catch {}
                throw error
            }
            try await engine.remove(name)
        }
    }

    private func archive(_ cell: JobCell) async throws -> SnapshotArchive {
        let report = try await RunSession.perform(
            try cell.open(), kind: .backup, observer: SilentObserver(), exitCode: { _ in 1 }
        ) { session in
            (try await BackupRun(session, kind: .manual).run(), RunSession.Ending(exitCode: 0, result: ""))
        }
        return try #require(report.services.first?.archives.first)
    }

    // Three attempts within a second, and the night was lost.
    @Test("A container that is stopped and started again while it is read is waited for", arguments: [false, true])
    func restarted(isPaused: Bool) async throws {
        try await with(.gnu) { cell, name, engine in
            let id = name.dropFirst("cell-".count)
            try await engine.docker([
                "exec", name, "sh", "-c", "head -c 100000000 /dev/urandom > /data/\(id)/large",
            ])
            let away = Task {
                try await engine.wait(for: "tar -C", in: name)
                try await engine.docker(["kill", name])
                try await Task.sleep(for: .seconds(3))
                try await engine.docker(["start", name])
                guard isPaused else { return }
                try await engine.pause(name)
                try await Task.sleep(for: .seconds(2))
                try await engine.docker(["unpause", name])
            }
            let found = try await archive(cell)
            try await away.value
            #expect(found.verdict == .ok, "\(found.error ?? "")")
        }
    }

    @Test("One that was stopped all along costs no time, and the error says since when and what to do")
    func stopped() async throws {
        try await with(.busybox) { cell, name, engine in
            try await engine.docker(["kill", name])
            try cell.write("config/picjobs.yml", "docker: \(cell.path)/docker\ncontainer_wait: 2\n")
            try await Task.sleep(for: .seconds(3))
            let found = try await archive(cell)
            #expect(found.verdict == .failed)
            #expect(found.error?.contains("seconds ago with exit 137; start it: docker start \(name)") == true)
            #expect(found.error?.contains("waited") == false)
        }
    }

    @Test(
        "The backup root in a bind mount is left out by GNU tar, and refused where the tar can't",
        arguments: [TestImage.gnu, .busybox])
    func ownPlaces(image: TestImage) async throws {
        try await with(image, options: { ["-v", "\($0.path):/data"] }) { cell, name, engine in
            let id = String(name.dropFirst("cell-".count))
            try cell.write("config/picjobs.yml", "docker: \(cell.path)/docker\nbackup_root: \(id)/store\n")
            let found = try await archive(cell)
            if image == .gnu {
                #expect(found.verdict == .warnings, "\(found.error ?? "")")
                #expect(found.warnings.first?.hasPrefix("store was left out: it is the backup root") == true)
            } else {
                #expect(found.verdict == .failed)
                #expect(found.error?.contains("can't leave out") == true)
            }
        }
    }
}
