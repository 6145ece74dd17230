internal import CCurl
internal import Dispatch

/// Speaks HTTP by libcurl: no proxy, no cookies, no credentials but those in the request, nothing from the environment.
public struct WebClient: Sendable {
    public init() {}

    /// Sends a request and takes the whole answer, on a thread of its own.
    /// - Throws: ``WebError``; an answer with a status of an error is none.
    public func send(_ request: WebRequest) async throws -> WebResponse {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue(label: "picjobs.web").async {
                continuation.resume(with: Result { try Self.perform(request) })
            }
        }
    }

    private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    private static func perform(_ request: WebRequest) throws(WebError) -> WebResponse {
        guard isReady, let easy = EasyHandle() else {
            throw WebError(code: .failed, message: "\(request.url): libcurl could not be started")
        }
        let sink = Sink(limit: request.limit)
        let code = try easy.perform(request, into: sink)
        guard code == CURLE_OK else { throw error(code, easy, request, sink) }
        return WebResponse(status: easy.status, body: sink.bytes)
    }

    private static func error(
        _ code: CURLcode, _ easy: borrowing EasyHandle, _ request: WebRequest, _ sink: Sink
    ) -> WebError {
        if sink.isFull || code == CURLE_FILESIZE_EXCEEDED {
            return WebError(
                code: .tooLarge, message: "\(request.url): more than \(request.limit) bytes came; that is refused")
        }
        let kind: WebError.Code =
            switch code {
            case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_TOO_MANY_REDIRECTS: .refused
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_FILE_COULDNT_READ_FILE: .unreachable
            case CURLE_OPERATION_TIMEDOUT: .timeout
            case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR: .certificate
            default: .failed
            }
        return WebError(code: kind, message: "\(request.url): \(easy.reason(code))")
    }
}
