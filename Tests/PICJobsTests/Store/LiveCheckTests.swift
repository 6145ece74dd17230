import Foundation
import Registry
import SystemPackage
import TestSupport
import Testing

@testable import Runs

@Suite("A package against the service that runs")
struct LiveCheckTests {
    /// The service API of the guide, with one thing wrong.
    private static let script = """
        import http.server, json, os, sys
        fault, users = sys.argv[2], []
        class Handler(http.server.BaseHTTPRequestHandler):
            def say(self, status, answer):
                data = json.dumps(answer).encode()
                self.send_response(status); self.send_header("Content-Length", str(len(data))); self.end_headers()
                self.wfile.write(data)
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if fault == "post": return self.say(500, {"ok": False, "error": "no"})
                users.append(body["username"])
                self.say(200, {"ok": fault != "not ok"})
            def do_GET(self):
                if fault == "list": return self.say(200, {"users": users})
                self.say(200, {"accounts": [] if fault == "hidden" else users})
            def do_DELETE(self):
                open(sys.argv[1] + "-deleted", "a").write(self.path + chr(10))
                name = self.path.split("/")[-1]
                if name in users:
                    if fault != "kept": users.remove(name)
                    return self.say(200, {"ok": True})
                if fault == "unknown": return self.say(200, {"ok": True})
                self.say(404, {"ok": False, "error": "not found"})
            def log_message(self, *_): pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        open(sys.argv[1] + "~", "w").write(str(server.server_address[1]))
        os.rename(sys.argv[1] + "~", sys.argv[1])
        server.serve_forever()
        """

    /// What is found, and what the service was asked to delete.
    private func check(_ fault: String, _ change: @escaping @Sendable (JobCell) throws -> Void = { _ in })
        async throws -> (findings: [Finding], deleted: [String])
    {
        try await TemporaryDirectory.with { path in
            let port = path.appending("port").string
            return try await BackgroundTool.with(["python3", "-c", Self.script, port, fault], in: path) {
                while !FileManager.default.fileExists(atPath: port) { try await Task.sleep(for: .milliseconds(20)) }
                let cell = try JobCell(path, "cell")
                let number = try String(contentsOfFile: port, encoding: .utf8)
                try cell.write("data/ip_leases.json", #"{"notes": {"cell-notes": "127.0.0.1"}}"#)
                try change(cell)
                let manifest = try Manifest(
                    parsing: try StoreServer.notes("manifest.json", "cell-notes:8080", "cell-notes:\(number)"),
                    file: "manifest.json")
                let findings = try await LiveCheck(try cell.open()).findings(manifest)
                let log = port + "-deleted"
                let deleted =
                    FileManager.default.fileExists(atPath: log) ? try String(contentsOfFile: log, encoding: .utf8) : ""
                return (findings, deleted.split(separator: "\n").map(String.init))
            }
        }
    }

    @Test("A service that answers as the guide says is accepted, and its account is removed again")
    func good() async throws {
        let (findings, deleted) = try await check("none")
        #expect(findings.isEmpty, "\(findings)")
        #expect(deleted.count == 2 && Set(deleted).count == 1)
        #expect(deleted[0].hasPrefix("/service-api/accounts/picjobs-check-"))
    }

    @Test(
        "Each endpoint that answers otherwise is a finding",
        arguments: [
            ("post", "answers with 500, not 200"), ("not ok", "not with {\"ok\": true}"),
            ("list", "no list of accounts"),
            ("hidden", "does not list picjobs-check-"), ("kept", "still lists picjobs-check-"),
            ("unknown", "answers with 200, not 404"),
        ])
    func faults(_ fault: String, _ words: String) async throws {
        let (findings, deleted) = try await check(fault)
        #expect(findings.contains { $0.message.contains(words) }, "\(findings)")
        #expect(findings.allSatisfy { $0.rule == "live.accounts" && $0.severity == .error && !$0.remedy.isEmpty })
        #expect(!deleted.isEmpty, "an account may be there after any fault")
    }

    @Test("A volume wants a container that runs and a directory in it")
    func volumes() async throws {
        let path = try await check("none") { cell in
            try FileManager.default.removeItem(atPath: cell.path + "/data/containers/cell-notes/data/notes")
        }.findings
        #expect(path.map(\.rule) == ["live.path"])
        #expect(path.map(\.pointer.text) == ["/backup/volumes/0/path"])
        let container = try await check("none") { cell in
            try FileManager.default.removeItem(atPath: cell.path + "/data/containers/cell-notes")
        }.findings
        #expect(container.map(\.rule) == ["live.container"])
    }

    @Test("Nobody there is a finding, not an error")
    func unreachable() async throws {
        let findings = try await check("none") { cell in
            try cell.write("data/ip_leases.json", #"{"notes": {"cell-notes": "127.0.0.2"}}"#)
        }.findings
        #expect(findings.map(\.rule) == ["live.accounts"])
        #expect(findings[0].message.contains("127.0.0.2"))
    }

    @Test("An engine that does not answer is an error, because it says nothing of the package")
    func engine() async throws {
        let error = await #expect(throws: RunError.self) {
            try await check("none") { try $0.write("config/picjobs.yml", "docker: /nowhere/docker\n") }
        }
        #expect(error?.code == .failed)
        #expect(error?.message.contains("/nowhere/docker") == true)
    }
}
