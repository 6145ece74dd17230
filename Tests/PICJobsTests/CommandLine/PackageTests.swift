import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Archive

@Suite("picjobs package")
struct PackageTests {
    private struct Report: Decodable {
        struct File: Decodable {
            let file, verdict: String
            let findings: [Finding]
        }
        struct Finding: Decodable { let rule, severity, pointer, message, remedy: String }
        let files: [File]
        let exit_code: Int32
    }

    private struct Built: Decodable {
        let file, id, version, sha256: String
        let size: Int
        let left_out: [String]
    }

    /// The notes service in a directory `src`, with pieces of its files replaced.
    private func with(
        manifest: (String, String)? = nil, template: (String, String)? = nil, script: String? = nil,
        _ body: (String) async throws -> Void
    ) async throws {
        try await TemporaryDirectory.with { path in
            let server = StoreServer(base: "", directory: path.string)
            for (name, edit) in [("manifest.json", manifest), ("compose-template.yml", template)] {
                try server.write("src/" + name, try StoreServer.notes(name, edit?.0 ?? "", edit?.1 ?? ""))
            }
            if let script { try server.write("src/install.sh", script) }
            try await body(path.string)
        }
    }

    private func run(_ arguments: [String], in directory: String) async throws -> Tool.Outcome {
        try await Program.run([directory] + arguments, script: "cd \"$1\"; shift; exec \"$0\" \"$@\"")
    }

    private func report(_ arguments: [String], in directory: String) async throws -> Report {
        let result = try await run(arguments + ["--json"], in: directory)
        let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
        #expect(report.exit_code == result.code)
        return report
    }

    @Test("build makes the package that its id and version name, the same bytes each time, and prints its SHA-256")
    func build() async throws {
        try await with(script: "mkdir -p data/notes\n") { path in
            try Data("x".utf8).write(to: URL(fileURLWithPath: path + "/src/README.md"))
            let result = try await run(["package", "build", "src"], in: path)
            #expect(result.code == 0, "\(result)")
            let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path + "/notes-1.0.0.zip")))
            #expect(result.output == SHA256.hash(bytes).hex + "  notes-1.0.0.zip\n")
            #expect(result.error == "picjobs: note: no part of a package: README.md\n")
            let package = try StorePackage(zip: bytes)
            #expect(package.manifest == (try StoreServer.notes("manifest.json")))
            #expect(package.installScript == Array("mkdir -p data/notes\n".utf8))
            let again = try await run(["package", "build", "src", "-o", path + "/x.zip", "--json"], in: "/")
            #expect(again.code == 1, "no directory src below /")
            let other = try await run(["package", "build", path + "/src", "-o", path + "/x.zip", "--json"], in: "/")
            let built = try JSONDecoder().decode(Built.self, from: Data(other.output.utf8))
            #expect(built.sha256 == SHA256.hash(bytes).hex && built.size == bytes.count)
            #expect(built.id == "notes" && built.version == "1.0.0" && built.left_out == ["README.md"])
        }
    }

    @Test("build replaces a file only when it is told to, and writes nothing when the package is refused")
    func overwrite() async throws {
        try await with { path in
            let target = path + "/notes-1.0.0.zip"
            try Data("mine".utf8).write(to: URL(fileURLWithPath: target))
            let refused = try await run(["package", "build", "src"], in: path)
            #expect(refused.code == 1 && refused.output.isEmpty)
            #expect(refused.error == "picjobs: error: notes-1.0.0.zip is there already; replace it with --force\n")
            #expect(try String(contentsOfFile: target, encoding: .utf8) == "mine")
            #expect(try await run(["package", "build", "src", "--force"], in: path).code == 0)
            #expect(try await run(["package", "check", "notes-1.0.0.zip"], in: path).code == 0)
            let again = try await run(["package", "build", "notes-1.0.0.zip", "-o", "y.zip"], in: path)
            #expect(again.code == 1 && again.error.contains("a package is made from a directory"))
        }
        try await with(template: ("restart: unless-stopped", "privileged: true")) { path in
            let result = try await run(["package", "build", "src"], in: path)
            #expect(result.code == 65)
            #expect(result.output.contains("error compose-key at /services/cell-notes/privileged"))
            #expect(!FileManager.default.fileExists(atPath: path + "/notes-1.0.0.zip"))
        }
    }

    @Test("check says what a review would of install.sh, which validate does not judge", arguments: ["src", "x.zip"])
    func review(_ place: String) async throws {
        try await with(script: "#!/bin/sh\napt-get install jq\ncurl -o data/x https://example.org/x\n") { path in
            let zip = StorePackage(
                manifest: try StoreServer.notes("manifest.json"),
                composeTemplate: try StoreServer.notes("compose-template.yml"),
                installScript: Array("#!/bin/sh\napt-get install jq\ncurl -o data/x https://example.org/x\n".utf8)
            ).zip()
            try Data(zip).write(to: URL(fileURLWithPath: path + "/x.zip"))
            let report = try await report(["package", "check", place], in: path)
            #expect(report.exit_code == 65)
            #expect(report.files[0].findings.map(\.rule) == ["install.packages", "install.download"])
            #expect(report.files[0].findings.map(\.severity) == ["error", "warning"])
            #expect(report.files[0].findings[0].message.contains("install.sh, line 2"))
            #expect(try await run(["service", "validate", place], in: path).code == 0)
        }
    }

    @Test("the template beside a manifest is judged with it; the place is one in the template")
    func template() async throws {
        try await with(template: ("- notes-data:/data/notes", "- /var/run/docker.sock:/x")) { path in
            for place in ["src", "src/manifest.json"] {
                let report = try await report(["service", "validate", place], in: path)
                #expect(report.exit_code == 65)
                #expect(report.files[0].findings.map(\.rule) == ["compose-bind"])
                #expect(report.files[0].findings[0].pointer == "/services/cell-notes/volumes/0")
                #expect(report.files[0].findings[0].message.contains("compose-template.yml"))
            }
            try FileManager.default.moveItem(atPath: path + "/src/manifest.json", toPath: path + "/src/other.json")
            #expect(try await run(["service", "validate", "src/other.json"], in: path).code == 0)
        }
    }

    @Test("a ZIP that breaks a rule is refused by its name, beside others that are judged")
    func zip() async throws {
        try await with { path in
            let good = StorePackage(manifest: try StoreServer.notes("manifest.json")).zip()
            let files = [
                ("good.zip", good), ("cut.zip", Array(good.dropLast())), ("empty.zip", []),
                ("large.zip", good + [UInt8](repeating: 0, count: 1 << 20)),
                ("bad.zip", StorePackage(manifest: Array("{".utf8)).zip()),
            ]
            for (name, bytes) in files { try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name)) }
            let report = try await report(["service", "validate"] + files.map(\.0), in: path)
            #expect(report.exit_code == 65)
            let found = Dictionary(uniqueKeysWithValues: report.files.map { ($0.file, $0.findings.map(\.rule)) })
            #expect(
                found == [
                    "good.zip": [], "cut.zip": ["zip.end"], "empty.zip": ["zip.end"], "large.zip": ["zip.size"],
                    "bad.zip": ["json.syntax"],
                ])
        }
    }
}
