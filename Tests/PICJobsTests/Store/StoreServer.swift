import Foundation
import SystemPackage
import TestSupport

/// A store over HTTP on the loopback: Python serves a directory, and a few paths that misbehave.
struct StoreServer: Sendable {
    /// `http://127.0.0.1:PORT/`
    let base: String
    /// What is served; a file `name` is at `base + name`.
    let directory: String

    private static let script = """
        import http.server, os, socketserver, sys, time
        class Handler(http.server.BaseHTTPRequestHandler):
            def to(self, place):
                self.send_response(302); self.send_header("Location", place); self.send_header("Content-Length", "0")
                self.end_headers()
            def do_GET(self):
                path = self.path.lstrip("/")
                if path.startswith("to-file"): return self.to("file://" + os.getcwd() + "/index.json")
                if path.startswith("loop"): return self.to("/" + path)
                if path.startswith("hop"):
                    count = int(path[3])
                    return self.to("/hop%d" % (count - 1) if count > 1 else "/index.json")
                if path.startswith("status"):
                    self.send_response(int(path[6:9])); self.send_header("Content-Length", "0"); self.end_headers()
                    return
                if path.startswith("endless"):
                    self.send_response(200); self.end_headers()
                    try:
                        for _ in range(16384): self.wfile.write(b" " * 65536)
                    except OSError: pass
                    return
                if path.startswith("announced"):
                    self.send_response(200); self.send_header("Content-Length", str(1 << 30)); self.end_headers()
                    return
                if path.startswith("stall"):
                    self.send_response(200); self.send_header("Content-Length", "100"); self.end_headers()
                    self.wfile.write(b"["); self.wfile.flush(); time.sleep(30); return
                if path.startswith("hang"): time.sleep(30); return
                if path.startswith("close"): return
                try: data = open(path, "rb").read()
                except OSError: self.send_error(404); return
                self.send_response(200); self.send_header("Content-Length", str(len(data))); self.end_headers()
                self.wfile.write(data)
            def log_message(self, *_): pass
        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
        server = Server(("127.0.0.1", 0), Handler)
        open(sys.argv[1] + "~", "w").write(str(server.server_address[1]))
        os.rename(sys.argv[1] + "~", sys.argv[1])
        server.serve_forever()
        """

    /// Serves an empty directory while the body runs.
    static func with(_ body: @escaping @Sendable (StoreServer) async throws -> Void) async throws {
        try await TemporaryDirectory.with { path in
            let (directory, port) = (path.appending("store"), path.appending("port").string)
            try FileManager.default.createDirectory(atPath: directory.string, withIntermediateDirectories: false)
            try await BackgroundTool.with(["python3", "-c", script, port], in: directory) {
                while !FileManager.default.fileExists(atPath: port) { try await Task.sleep(for: .milliseconds(20)) }
                let number = try String(contentsOfFile: port, encoding: .utf8)
                try await body(StoreServer(base: "http://127.0.0.1:\(number)/", directory: directory.string))
            }
        }
    }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        let place = URL(fileURLWithPath: directory + "/" + name)
        try FileManager.default.createDirectory(
            at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: place)
    }

    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    /// Writes an index of one entry, that of the notes service with more members.
    func writeIndex(_ members: String = "", version: String = "1.0.0", id: String = "notes") throws {
        try write(
            "index.json",
            """
            [{"id": "\(id)", "name": "Notes", "description": "Notes", "version": "\(version)", "author": "pic"\(members)}]
            """)
    }

    /// A file of the fixtures, with a piece of its text replaced.
    static func notes(_ name: String, _ piece: String = "", _ replacement: String = "") throws -> [UInt8] {
        let path = JobCell.project + "/Tests/Fixtures/services/notes/" + name
        let text = try String(contentsOfFile: path, encoding: .utf8)
        return Array((piece.isEmpty ? text : text.replacing(piece, with: replacement)).utf8)
    }
}
