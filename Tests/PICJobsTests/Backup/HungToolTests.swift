import FoundationEssentials
import TestSupport
import Testing

@testable import Archive
@testable import Runs

@Suite("A tool that hangs in a container")
struct HungToolTests {
    // `tar --version`, and the `cat` that looks for mounts, held every backup of the cell for ever.
    @Test(
        "fails its service within the limit, the others are saved, and nothing of it is left",
        arguments: ["tar", "cat"])
    func backup(tool: String) async throws {
        try await TemporaryDirectory.with { directory in
            let cell = try JobCell(directory, "cell")
            try cell.addService("memos")
            let config = try String(contentsOfFile: cell.path + "/config/picjobs.yml", encoding: .utf8)
            try cell.write("config/picjobs.yml", "command_timeout: 5\n" + config)
            let number = tool == "tar" ? 4211 : 4212
            try cell.write(
                "../bin/\(tool)",
                """
                #!/bin/sh
                case "$PWD $*" in
                *cell-notes*"-cf"*) ;;
                *cell-notes*) setsid sleep \(number) & sleep \(number) ;;
                esac
                exec /bin/\(tool) "$@"
                """)
            try await Tool.run(["chmod", "755", "\(directory)/bin/\(tool)"])
            let outcome = try await Program.run(
                ["--cell", cell.path, "--json", "backup"], script: "PATH=\(directory)/bin:$PATH exec \"$0\" \"$@\"")
            #expect(outcome.code == 3, "\(outcome.error)")
            let snapshot = try #require(try cell.open().store().latest())
            let document = try cell.open().store().open(snapshot, key: try cell.open().key()).document
            let archives = Dictionary(
                uniqueKeysWithValues: document.services.compactMap { service in
                    service.archives.first.map { (service.id, $0) }
                })
            #expect(archives["memos"]?.verdict == .ok)
            #expect(archives["notes"]?.verdict == .failed)
            #expect(archives["notes"]?.error?.contains("did not end within 5 seconds") == true)
            let left = try await Tool.outcome(of: ["pgrep", "-f", "^sleep \(number)"])
            #expect(left.output == "")
        }
    }
}
