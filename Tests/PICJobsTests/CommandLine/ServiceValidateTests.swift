import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("picjobs service validate")
struct ServiceValidateTests {
    private static let services = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/services").path

    private struct Report: Decodable {
        struct File: Decodable {
            let file: String
            let id: String?
            let verdict: String
            let findings: [Finding]
            let error: String?
        }
        struct Finding: Decodable {
            let rule, severity, pointer, message, remedy: String
        }
        let files: [File]
        let exit_code: Int32
    }

    /// A manifest of the notes service with pieces replaced, in a directory of its own.
    private func notes(_ path: String, _ edits: [(String, String)]) throws -> String {
        let text = try edits.reduce(String(contentsOfFile: Self.services + "/notes/manifest.json", encoding: .utf8)) {
            $0.replacing($1.0, with: $1.1)
        }
        let directory = path + "/package-\(edits.count)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try text.write(toFile: directory + "/manifest.json", atomically: true, encoding: .utf8)
        return directory
    }

    @Test("the reference services are accepted, as files and as directories")
    func accepted() async throws {
        let names = ["calendar", "email", "files", "homepage", "notes"]
        for paths in [names.map { "\(Self.services)/\($0)" }, names.map { "\(Self.services)/\($0)/manifest.json" }] {
            let result = try await Program.run(["service", "validate"] + paths)
            #expect(result.code == 0 && result.error.isEmpty)
            #expect(result.output == names.map { "\(Self.services)/\($0)/manifest.json: ok\n" }.joined())
            #expect(try await Program.run(["service", "validate", "--quiet"] + paths).output.isEmpty)
        }
    }

    @Test("without a package, all that is installed in the cell is judged; without a cell that is an error")
    func whole() async throws {
        try await TemporaryDirectory.with { path in
            let services = path.string + "/data/services"
            try FileManager.default.createDirectory(atPath: services, withIntermediateDirectories: true)
            for name in ["email", "notes"] {
                try FileManager.default.copyItem(atPath: "\(Self.services)/\(name)", toPath: "\(services)/\(name)")
            }
            let whole = try await Program.run(["service", "validate", "--cell", path.string])
            #expect(whole.code == 0)
            #expect(whole.output == ["email", "notes"].map { "\(services)/\($0)/manifest.json: ok\n" }.joined())
            try "{".write(toFile: services + "/email/manifest.json", atomically: true, encoding: .utf8)
            let broken = try await Program.run(["service", "validate", "--cell", path.string])
            #expect(broken.code == 65)
            #expect(broken.output.contains("\(services)/notes/manifest.json: ok\n"))
            #expect(broken.output.contains("\(services)/email/manifest.json: refused, 1 error"))
            let nowhere = try await Program.run(["service", "validate"], script: "cd / && exec \"$0\" \"$@\"")
            #expect(nowhere.code == 64)
            #expect(nowhere.error.contains("name a package, or with --cell the cell"))
        }
    }

    @Test("everything that is wrong is said, with rule, place and remedy; warnings alone are accepted")
    func findings() async throws {
        try await TemporaryDirectory.with { path in
            let warned = try notes(path.string, [("full-text search.", "full-text search!")])
            let result = try await Program.run(["service", "validate", warned])
            #expect(result.code == 0)
            #expect(
                result.output == """
                    \(warned)/manifest.json: ok, 1 warning
                      warning description.marketing at /description
                        praises: "!"
                        remedy: say what the service does, and leave out how good it is

                    """)
            let refused = try notes(
                path.string, [("\"mount\": \"/data/notes\"", "\"mount\": \"/etc\""), ("cell-notes:8080", "x")])
            let both = try await Program.run(["service", "validate", refused, path.string + "/absent", "--json"])
            #expect(both.code == 65)
            let absent = "\(path)/absent: is missing; name a manifest, or a directory that holds manifest.json"
            #expect(both.error == "picjobs: error: \(absent)\n")
            let report = try JSONDecoder().decode(Report.self, from: Data(both.output.utf8))
            #expect(report.exit_code == 65)
            #expect(report.files.map(\.verdict) == ["unreadable", "refused"])
            #expect(report.files.map(\.error) == [absent, nil])
            #expect(report.files[1].id == "notes")
            #expect(report.files[1].findings.map(\.rule) == ["backend.format", "volumes.mount.forbidden"])
            #expect(report.files[1].findings.map(\.pointer) == ["/backend", "/volumes/0/mount"])
            #expect(report.files[1].findings.allSatisfy { $0.severity == "error" && !$0.remedy.isEmpty })
        }
    }

    @Test("whatever a manifest or its file is called, the JSON stays JSON and a line stays a line")
    func hostileText() async throws {
        try await TemporaryDirectory.with { path in
            // A soft hyphen, a language tag and a delete: signs that no terminal is shown.
            let odd = "\u{ad}\u{e0041}\u{7f}"
            let directory = try notes(
                path.string,
                [("\"version\": \"1.0.0\"", "\"version\": \"\(odd)\""), ("\"url\":", "\"\(odd)/\": 7, \"url\":")])
            let file = path.string + "/x\n\(odd).json"
            try FileManager.default.copyItem(atPath: directory + "/manifest.json", toPath: file)
            let result = try await Program.run(["service", "validate", file, "--json"])
            let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
            #expect(report.files.map(\.file) == [file])
            let findings = report.files[0].findings
            #expect(findings.map(\.rule) == ["version.semver", "field.type"])
            #expect(findings.map(\.pointer) == ["/version", "/peer_config_template/\(odd)~1"])
            #expect(findings[0].message.contains("\u{ad}\u{e0041}"))
            let lines = try await Program.run(["service", "validate", file]).output.split(separator: "\n")
            #expect(
                lines.count == 7 && lines[0].hasSuffix("\\xc2\\xad\\xf3\\xa0\\x81\\x81\\x7f.json: refused, 2 errors"))
        }
    }

    @Test("a directory of services is named after its service, also when it is named by a dot")
    func directory() async throws {
        try await TemporaryDirectory.with { path in
            try FileManager.default.createDirectory(
                atPath: path.string + "/services/memo", withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                atPath: Self.services + "/notes/manifest.json", toPath: path.string + "/services/memo/manifest.json")
            let result = try await Program.run(
                [path.string + "/services/memo"], script: "cd \"$1\" && exec \"$0\" service validate .")
            #expect(result.code == 65)
            #expect(result.output.contains("error id.directory at /id"))
        }
    }

    @Test("what can't be read is exit 1, no path at all exit 64")
    func unreadable() async throws {
        try await TemporaryDirectory.with { path in
            let result = try await Program.run(["service", "validate", path.string])
            #expect(result.code == 1 && result.output.isEmpty)
            #expect(
                result.error
                    == "picjobs: error: \(path): holds no manifest.json; name a manifest, or a directory that holds one\n"
            )
        }
        #expect(try await Program.run(["service", "validate"]).code == 64)
    }

    @Test("--installed holds a manifest against the services of the cell, but not against its own former self")
    func installed() async throws {
        try await TemporaryDirectory.with { path in
            try FileManager.default.createDirectory(
                atPath: path.string + "/data/services", withIntermediateDirectories: true)
            for name in ["homepage", "notes"] {
                try FileManager.default.copyItem(
                    atPath: "\(Self.services)/\(name)", toPath: "\(path)/data/services/\(name)")
            }
            let taken = try notes(path.string, [("\"extra_subdomains\": []", "\"extra_subdomains\": [\"home\"]")])
            #expect(try await Program.run(["service", "validate", taken]).code == 0)
            let result = try await Program.run(["--cell", path.string, "service", "validate", "--installed", taken])
            #expect(result.code == 65)
            #expect(result.output.contains("error subdomain.taken at /extra_subdomains/0"))
            #expect(!result.output.contains("id.taken"))
            // The cell's own directory is no place for a mount.
            let mounted = try notes(
                path.string, [("\"mount\": \"/data/notes\"", "\"mount\": \"\(path)\""), ("a", "a")])
            #expect(try await Program.run(["service", "validate", mounted]).code == 0)
            #expect(try await Program.run(["service", "validate", mounted, "--cell", path.string]).code == 65)
        }
    }
}
