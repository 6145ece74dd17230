import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("The command line")
struct CommandLineTests {
    private static let commands = [
        "backup", "restore", "snapshots list", "snapshots show", "snapshots verify", "snapshots diff",
        "snapshots prune", "archive list", "archive check", "archive extract", "key export", "key import", "jobs list",
        "jobs run", "jobs history", "jobs show", "jobs cancel", "jobs install-timers", "service validate", "",
    ]

    @Test("Every command's help names its exit codes", arguments: commands)
    func help(_ command: String) async throws {
        let result = try await Program.run(command.split(separator: " ").map(String.init) + ["--help"])
        #expect(result.code == 0)
        #expect(result.output.replacing("\n", with: " ").contains(/[Ee]xit codes?:? +/), "\(result.output)")
        #expect(result.error.isEmpty)
    }

    private func with(_ body: (String) async throws -> Void) async throws {
        try await TemporaryDirectory.with { path in
            let cell = try RestoreCell(path)
            try await cell.fill()
            try await body(cell.cell.path)
        }
    }

    private func object(_ result: Tool.Outcome) throws -> [String: Any] {
        let json = try? JSONSerialization.jsonObject(with: Data(result.output.utf8))
        return try #require(json as? [String: Any], "\(result)")
    }

    @Test("Options may stand before and behind the command; --json gives one object and nothing else")
    func json() async throws {
        try await with { cell in
            let before = try await Program.run(["--cell", cell, "--json", "backup"])
            #expect(before.code == 0, "\(before.error)")
            #expect(try !object(before).isEmpty)
            let behind = try await Program.run(["snapshots", "list", "--json", "--cell=\(cell)"])
            #expect(behind.code == 0)
            #expect(try !object(behind).isEmpty)
            let file = try await Program.run(
                [cell], script: "cd \"$1\"; ls data/backups/2*/service_data/notes/*.tar.gz"
            ).output
            let archive = cell + "/" + file.trimmingCharacters(in: .newlines)
            for arguments in [
                ["snapshots", "show", "latest"], ["snapshots", "verify"],
                ["snapshots", "prune", "--keep-last", "1", "--dry-run"],
                ["jobs", "list"], ["jobs", "history"], ["archive", "list", archive], ["archive", "check", archive],
                ["archive", "extract", archive, "--to", cell + "/out"], ["restore", "latest", "--dry-run"],
                ["restore", "latest", "--all"],
            ] {
                let result = try await Program.run(["--json", "--cell", cell] + arguments)
                #expect(
                    result.code == 0 || (result.code == 2 && arguments.contains("--dry-run"))
                        || (result.code == 65 && arguments.contains("extract")), "\(arguments): \(result)")
                #expect(!(try object(result).isEmpty), "\(arguments)")
            }
        }
    }

    @Test("Errors are one line on standard error with their exit code, and nothing on standard output")
    func errors() async throws {
        try await with { cell in
            let cases: [(Int32, [String])] = [
                (78, ["--cell", cell + "/nowhere", "backup"]), (1, ["--cell", cell, "restore", "latest", "--all"]),
                (64, ["--cell", cell, "restore", "no-id"]), (1, ["archive", "check", cell + "/nothing.tar.gz"]),
                (65, ["archive", "check", cell + "/config/picjobs.yml"]), (64, ["nonsense"]),
                (64, ["backup", "--nonsense"]),
            ]
            for (code, arguments) in cases {
                let result = try await Program.run(arguments)
                #expect(result.code == code, "\(arguments): \(result)")
                #expect(result.output.isEmpty, "\(arguments)")
                if code != 64 || arguments.contains("restore") {
                    #expect(result.error.hasPrefix("picjobs: error: "), "\(arguments): \(result.error)")
                    #expect(result.error.split(separator: "\n").count == 1, "\(arguments): \(result.error)")
                }
            }
        }
    }

    @Test("A refused file is an object with rule, offset and message, and exit code 65")
    func refusal() async throws {
        try await with { cell in
            let result = try await Program.run(["archive", "check", "--json", cell + "/config/picjobs.yml"])
            #expect(result.code == 65)
            let violation = try #require(try object(result)["violation"] as? [String: Any])
            #expect(violation["rule"] as? String == "gzip.header")
            #expect(violation["offset"] is Int)
        }
    }

    @Test("A volume with a file system mounted in it is not restored", .realRoot)
    func nestedMount() async throws {
        try await with { cell in
            #expect(try await Program.run(["--cell", cell, "backup"]).code == 0)
            let result = try await Program.run(
                [cell],
                script: """
                    exec unshare -m bash -euc 'mount -t tmpfs none "$1/data/containers/cell-notes/data/notes/d/e"
                    "$0" --cell "$1" restore latest --all' "$0" "$1"
                    """)
            #expect(result.code == 1)
            #expect((result.error + result.output).contains("is mounted below"), "\(result)")
        }
    }

    @Test("A volume without room for a second copy is cleared and filled; the staging directory is gone", .realRoot)
    func noRoom() async throws {
        try await TemporaryDirectory.with { path in
            let cell = try JobCell(path)
            let result = try await Program.run(
                [cell.path],
                script: """
                    exec unshare -m bash -euc 'v="$1/data/containers/cell-notes/data/notes"
                    mount -t tmpfs -o size=3m none "$v"; mkdir "$v/d"
                    head -c 2000000 /dev/urandom >"$v/d/file"; printf old >"$v/old"
                    "$0" --quiet --cell "$1" backup; sum=$(cat "$v/d/file" | sha256sum)
                    rm "$v/old"; head -c 2000000 /dev/urandom >"$v/d/file"
                    "$0" --cell "$1" restore latest --all 1>&2
                    [ "$sum" = "$(cat "$v/d/file" | sha256sum)" ]; cat "$v/old"; ls -A "$v"' "$0" "$1"
                    """)
            #expect(result.code == 0, "\(result)")
            #expect(result.output == "oldd\nold\n")
            #expect(result.error.contains("clearing and filling"), "\(result.error)")
        }
    }
}
