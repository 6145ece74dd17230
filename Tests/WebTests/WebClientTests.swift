import FoundationEssentials
import SystemPackage
import TestSupport
import Testing
import Web

@Suite("HTTP by libcurl")
struct WebClientTests {
    private func request(_ method: String, _ path: String, _ socket: String) -> WebRequest {
        var request = WebRequest(method, "http://localhost" + path)
        request.unixSocket = socket
        return request
    }

    private func send(_ request: WebRequest) async throws -> WebResponse { try await WebClient().send(request) }

    private func failure(_ request: WebRequest) async -> WebError? {
        do {
            _ = try await WebClient().send(request)
            return nil
        } catch {
            return error as? WebError
        }
    }

    @Test("Method, body and headers go out as they are, and an error's status is an answer")
    func plain() async throws {
        try await TestServer.with { socket in
            var post = request("POST", "/echo", socket)
            post.body = Array(#"{"a": "ü"}"#.utf8)
            post.headers = ["Content-Type: application/json"]
            #expect(try await send(post).text == #"POST /echo application/json {"a": "ü"}"#)
            #expect(try await send(request("DELETE", "/x", socket)).text == "DELETE /x - ")
            let missing = try await WebClient().send(request("GET", "/missing", socket))
            #expect(missing.status == 404)
            #expect(!missing.isSuccess)
        }
    }

    @Test("A redirect is followed only when it is asked for, and never to a file")
    func redirects() async throws {
        try await TestServer.with { socket in
            let first = try await send(request("GET", "/redirect", socket))
            #expect(first.status == 302)
            var following = request("GET", "/redirect", socket)
            following.redirects = 3
            let second = try await send(following)
            #expect(second.text == "GET /echo - ")
            var toFile = request("GET", "/to-file", socket)
            toFile.redirects = 3
            toFile.schemes = [.http, .https, .file]
            #expect(await failure(toFile)?.code == .refused)
        }
    }

    @Test("Too much is refused, whether it was announced or not", arguments: ["/big", "/endless"])
    func tooLarge(path: String) async throws {
        try await TestServer.with { socket in
            let error = await failure(request("GET", path, socket))
            #expect(error?.code == .tooLarge)
            #expect(error?.message.contains("more than 65536 bytes") == true)
        }
    }

    @Test("What hangs or drips ends in time", arguments: ["/hang", "/drip"])
    func slow(path: String) async throws {
        try await TestServer.with { socket in
            var slow = request("GET", path, socket)
            slow.timeout = 20
            slow.stallTimeout = 2
            let error = await failure(slow)
            #expect(error?.code == .timeout, "\(error?.message ?? "an answer came")")
        }
    }

    @Test("Nobody there, a scheme that may not be asked, and no URL are told with the address")
    func unreachable() async throws {
        let nobody = await failure(request("GET", "/", "/nowhere/socket"))
        #expect(nobody?.code == .unreachable)
        #expect(nobody?.message.hasPrefix("http://localhost/: ") == true)
        #expect(await failure(WebRequest("GET", "file:///etc/hostname"))?.code == .refused)
        #expect(await failure(WebRequest("GET", "gopher://localhost/"))?.code == .refused)
    }

    @Test("A file is read where that is allowed, and its size is limited, too")
    func file() async throws {
        try await TemporaryDirectory.with { directory in
            let path = directory.string + "/index.json"
            try "[]\n".write(toFile: path, atomically: false, encoding: .utf8)
            var request = WebRequest("GET", "file://" + path)
            request.schemes = [.file]
            let answer = try await WebClient().send(request)
            #expect(answer.text == "[]\n")
            #expect(answer.isSuccess)
            request.limit = 2
            #expect(await failure(request)?.code == .tooLarge)
        }
    }
}
