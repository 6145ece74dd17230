import FoundationEssentials
import Subprocess
import SystemPackage
import TestSupport
import Web

/// A small HTTP server of Python's on a Unix socket; the path says how it answers.
struct TestServer {
    private static let script = """
        import http.server, os, socketserver, sys, time
        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                if self.path == "/redirect":
                    self.send_response(302); self.send_header("Location", "/echo"); self.end_headers(); return
                if self.path == "/to-file":
                    self.send_response(302); self.send_header("Location", "file:///etc/hostname"); self.end_headers()
                    return
                if self.path == "/hang":
                    time.sleep(30)
                if self.path == "/drip":
                    self.send_response(200); self.send_header("Content-Length", "1000"); self.end_headers()
                    for _ in range(100):
                        self.wfile.write(b"x"); self.wfile.flush(); time.sleep(0.2)
                    return
                data = b"y" * 100_000 if self.path == "/big" else (
                    self.command + " " + self.path + " " + (self.headers.get("Content-Type") or "-") + " "
                    + body.decode()).encode()
                self.send_response(404 if self.path == "/missing" else 200)
                if self.path != "/endless": self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                try:
                    while self.path == "/endless": self.wfile.write(b"z" * 65536)
                    self.wfile.write(data)
                except OSError: pass
            do_GET = do_POST = do_DELETE = answer
            def log_message(self, *_): pass
        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True
            def get_request(self):
                connection, _ = super().get_request()
                return connection, ("local", 0)
        server = Server(sys.argv[1] + ".new", Handler)
        os.rename(sys.argv[1] + ".new", sys.argv[1])
        server.serve_forever()
        """

    /// The server did not listen within a minute.
    struct NotStarted: Error {}

    /// Runs it beside the body, and ends it afterwards.
    static func with(_ body: @Sendable (_ socket: String) async throws -> Void) async throws {
        try await TemporaryDirectory.with { directory in
            let path = directory.string + "/server.sock"
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    _ = try await Subprocess.run(
                        .name("python3"), arguments: ["-c", script, path], output: .discarded, error: .discarded)
                }
                // The name is there once the server listens: one between bind and listen refuses connections.
                let end = ContinuousClock.now + .seconds(60)
                while !FileManager.default.fileExists(atPath: path) {
                    guard ContinuousClock.now < end else { throw NotStarted() }
                    try await Task.sleep(for: .milliseconds(20))
                }
                try await body(path)
                group.cancelAll()
            }
        }
    }
}
