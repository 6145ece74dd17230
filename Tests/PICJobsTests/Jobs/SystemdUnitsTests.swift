import FoundationEssentials
import Runs
import TestSupport
import Testing

struct SystemdUnitsTests {
    private static let schedule = "kind: backup\nschedule: \"*-*-* 02:30:00\"\nrandom_delay: 30m\n"

    private func shipped(_ name: String) throws -> [String] {
        try lines(String(contentsOfFile: JobCell.project + "/jobs/systemd/\(name)", encoding: .utf8))
    }

    /// Without what differs from cell to cell, and without the comment in front.
    private func lines(_ text: String) -> [String] {
        let own = [
            "Description=", "Environment=", "EnvironmentFile=", "ExecStart=", "ReadWritePaths=", "RequiresMountsFor=",
        ]
        return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            .drop { $0.hasPrefix("#") }
            .filter { line in !own.contains { line.hasPrefix($0) } }
    }

    @Test("The units are the shipped ones apart from their paths")
    func equalToShipped() throws {
        try TemporaryDirectory.with { path in
            let job = try JobCell(path).job("nightly-backup", Self.schedule)
            let units = try #require(try SystemdUnits(job, cell: "/srv/cell", program: "/usr/local/bin/picjobs"))
            #expect(units.name == "picjobs-nightly-backup")
            #expect(try lines(units.service) == shipped("picjobs-nightly-backup.service"))
            #expect(try lines(units.timer) == shipped("picjobs-nightly-backup.timer"))
            #expect(units.service.contains("\nExecStart=/usr/local/bin/picjobs jobs run nightly-backup\n"))
            #expect(units.service.contains("\nEnvironment=PIC_CELL=/srv/cell\n"))
            #expect(units.service.contains("\nReadWritePaths=/srv/cell\n"))
        }
    }

    @Test(
        "systemd-analyze verify has nothing to say about the units",
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze"), "needs systemd-analyze"))
    func verified() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try JobCell(path)
            _ = try cell.job("nightly-backup", Self.schedule)
            _ = try cell.job("hourly", "kind: backup\nschedule: hourly\nrandom_delay: 90s\n")
            try cell.write("units/.keep", "")
            let installation = try TimerInstallation(
                cell.open(), directory: cell.path + "/units", program: "/bin/true")
            try installation.write()
            let said = try await Tool.run([
                "sh", "-c", "systemd-analyze verify --man=no \"$0\"/units/picjobs-* 2>&1", cell.path,
            ])
            #expect(!said.contains("picjobs-"), "\(said)")
            let odd = try #require(
                try SystemdUnits(
                    cell.job("odd", Self.schedule), cell: "/srv/a 100%n \"cell\"", writable: ["/mnt/b c"],
                    program: "/bin/true"))
            try cell.write("odd/picjobs-odd.service", odd.service)
            try cell.write("odd/picjobs-odd.timer", odd.timer)
            let about = try await Tool.run([
                "sh", "-c", "systemd-analyze verify --man=no \"$0\"/odd/picjobs-* 2>&1", cell.path,
            ])
            #expect(!about.contains("picjobs-"), "\(about)")
        }
    }

    @Test("Special characters of a path are kept from systemd")
    func quoting() throws {
        try TemporaryDirectory.with { path in
            let job = try JobCell(path).job("a", Self.schedule)
            let units = try #require(
                try SystemdUnits(job, cell: "/srv/my 100% cell", writable: ["/mnt/b"], program: "/bin/true"))
            #expect(units.service.contains("\nEnvironment=\"PIC_CELL=/srv/my 100%% cell\"\n"))
            #expect(units.service.contains("\nReadWritePaths=\"/srv/my 100%% cell\" /mnt/b\n"))
            for bad in ["/srv/a\nExecStartPre=/bin/sh", "relative"] {
                #expect(throws: RunError.self) { try SystemdUnits(job, cell: bad, program: "/bin/true") }
            }
            #expect(throws: RunError.self) { try SystemdUnits(job, cell: "/srv/a", program: "/opt/my program") }
        }
    }

    @Test("A job without a schedule gets no units, an instance goes into the name")
    func names() throws {
        try TemporaryDirectory.with { path in
            let cell = try JobCell(path)
            #expect(try SystemdUnits(cell.job("a", "kind: backup"), cell: "/c", program: "/bin/true") == nil)
            let units = try SystemdUnits(
                cell.job("b", Self.schedule), cell: "/c", program: "/bin/true", instance: "alice")
            #expect(units?.name == "picjobs-alice-b")
        }
    }

    @Test("Units are replaced when they are this cell's, and nothing is written when one is not")
    func replacing() throws {
        try TemporaryDirectory.with { path in
            let cell = try JobCell(path)
            _ = try cell.job("a", Self.schedule)
            _ = try cell.job("b", Self.schedule)
            try cell.write("units/.keep", "")
            let directory = cell.path + "/units"
            let first = try TimerInstallation(cell.open(), directory: directory, program: "/bin/true")
            try first.write()
            try first.write()
            #expect(try first.leftovers().isEmpty)
            try FileManager.default.removeItem(atPath: cell.path + "/jobs/b.yml")
            let second = try TimerInstallation(cell.open(), directory: directory, program: "/bin/true")
            #expect(try second.leftovers() == ["picjobs-b.timer"])
            try FileManager.default.removeItem(atPath: directory + "/picjobs-a.service")
            try cell.write("units/picjobs-a.timer", "[Timer]\n")
            #expect(throws: RunError.self) { try second.write() }
            #expect(!FileManager.default.fileExists(atPath: directory + "/picjobs-a.service"))
        }
    }

    @Test("A backup root outside the cell may be written to, and must exist")
    func backupRoot() throws {
        try TemporaryDirectory.with { path in
            let cell = try JobCell(path, "cell")
            _ = try cell.job("a", Self.schedule)
            let other = String(cell.path.dropLast(4)) + "disk"
            try cell.write("config/picjobs.yml", "runtime: local\nbackup_root: \(other)\n")
            #expect(throws: RunError.self) { try TimerInstallation(cell.open(), directory: "/", program: "/bin/true") }
            try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
            let installation = try TimerInstallation(cell.open(), directory: "/", program: "/bin/true")
            #expect(installation.units.first?.writable == [other])
        }
    }
}
