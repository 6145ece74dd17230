internal import Web

/// Caddy's admin API (caddyserver.com/docs/api).
struct CaddyAdmin: Sendable {
    private let address: String
    private let base: String
    private let socket: String?
    private let client = WebClient()

    /// - Parameter address: `http://HOST:PORT`, or `unix/` and the path of a socket, as Caddy writes it.
    init(_ address: String) {
        self.address = address
        if address.hasPrefix("unix/") {
            socket = String(address.dropFirst("unix/".count))
            base = "http://localhost"
        } else {
            socket = nil
            base = address.last == "/" ? String(address.dropLast()) : address
        }
    }

    /// The configuration that is served now, as JSON.
    /// - Throws: ``RunError`` `.failed` when Caddy does not answer.
    func config() async throws -> [UInt8] { try await ask("GET", "/config/") }

    /// Checks a Caddyfile without serving it.
    /// - Returns: why Caddy refuses it; nil when it does not.
    func refusal(of caddyfile: String) async throws -> String? {
        let answer = try await send("POST", "/adapt", Array(caddyfile.utf8), type: "text/caddyfile")
        return answer.isSuccess ? nil : reason(answer)
    }

    /// Serves a Caddyfile. Caddy keeps what it had when it refuses this one.
    /// - Throws: ``RunError`` `.failed` with Caddy's own words.
    func load(caddyfile: String) async throws {
        _ = try await ask("POST", "/load", Array(caddyfile.utf8), type: "text/caddyfile")
    }

    /// Serves a configuration that ``config()`` told.
    func load(json: [UInt8]) async throws { _ = try await ask("POST", "/load", json, type: "application/json") }

    private func ask(_ method: String, _ path: String, _ body: [UInt8]? = nil, type: String = "") async throws
        -> [UInt8]
    {
        let answer = try await send(method, path, body, type: type)
        guard answer.isSuccess else {
            throw RunError(.failed, "Caddy refuses \(method) \(path): \(reason(answer))")
        }
        return answer.body
    }

    private func send(_ method: String, _ path: String, _ body: [UInt8]?, type: String) async throws -> WebResponse {
        var request = WebRequest(method, base + path)
        request.unixSocket = socket
        request.schemes = [.http]
        request.body = body
        // On a socket Caddy wants a Host header that is there and empty (RFC 9110, section 7.2); curl writes that as
        // "Host;". A long body would wait for a 100.
        request.headers =
            (type.isEmpty ? [] : ["Content-Type: \(type)"]) + ["Expect:"] + (socket == nil ? [] : ["Host;"])
        request.limit = 64 << 20
        request.timeout = 60
        do {
            return try await client.send(request)
        } catch {
            throw RunError(
                .failed,
                "Caddy's admin API at \(address) does not answer (\(error)); is Caddy running, and caddy.admin right?",
                underlying: error)
        }
    }

    /// `{"error": "…"}`, or whatever came.
    private func reason(_ answer: WebResponse) -> String {
        answer.jsonError ?? "status \(answer.status) \(answer.text.prefix(300))"
    }
}
