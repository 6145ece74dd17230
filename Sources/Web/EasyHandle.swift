internal import CCurl

/// One libcurl easy handle.
struct EasyHandle: ~Copyable {
    private let handle: UnsafeMutableRawPointer
    private let said: UnsafeMutablePointer<CChar>

    init?() {
        guard let handle = curl_easy_init() else { return nil }
        self.handle = handle
        said = .allocate(capacity: Int(CURL_ERROR_SIZE))
        said.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(handle)
        said.deallocate()
    }

    /// The answer's status; 0 for a file.
    var status: Int { Int(ccurl_status(handle)) }

    /// What curl says about a code, the longer form where there is one.
    func reason(_ code: CURLcode) -> String {
        let long = String(cString: said)
        return long.isEmpty ? String(cString: curl_easy_strerror(code)) : long
    }

    func perform(_ request: WebRequest, into sink: Sink) throws(WebError) -> CURLcode {
        let lists = Lists()
        try set(request, lists)
        let context = Unmanaged.passUnretained(sink).toOpaque()
        try check(
            ccurl_set_writer(
                handle,
                { bytes, size, count, context in
                    guard let bytes, let context else { return 0 }
                    let sink = Unmanaged<Sink>.fromOpaque(context).takeUnretainedValue()
                    return sink.take(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
                }, context), request)
        let code = curl_easy_perform(handle)
        withExtendedLifetime((sink, lists)) {}
        return code
    }

    private func set(_ request: WebRequest, _ lists: Lists) throws(WebError) {
        let texts: [(CURLoption, String?)] = [
            (CURLOPT_URL, request.url), (CURLOPT_CUSTOMREQUEST, request.method), (CURLOPT_PROXY, ""),
            (CURLOPT_UNIX_SOCKET_PATH, request.unixSocket), (CURLOPT_PROTOCOLS_STR, request.schemes.words),
            (CURLOPT_REDIR_PROTOCOLS_STR, WebRequest.Schemes([.http, .https]).words),
        ]
        for (option, text) in texts {
            if let text { try check(ccurl_set_text(handle, option, text), request) }
        }
        let numbers: [(CURLoption, Int)] = [
            (CURLOPT_NOSIGNAL, 1), (CURLOPT_FOLLOWLOCATION, request.redirects > 0 ? 1 : 0),
            (CURLOPT_MAXREDIRS, request.redirects), (CURLOPT_CONNECTTIMEOUT, request.connectTimeout),
            (CURLOPT_TIMEOUT, request.timeout), (CURLOPT_LOW_SPEED_LIMIT, request.stallTimeout > 0 ? 100 : 0),
            (CURLOPT_LOW_SPEED_TIME, request.stallTimeout), (CURLOPT_SSL_VERIFYPEER, request.checksCertificate ? 1 : 0),
            (CURLOPT_SSL_VERIFYHOST, request.checksCertificate ? 2 : 0),
        ]
        for (option, number) in numbers { try check(ccurl_set_number(handle, option, number), request) }
        try check(ccurl_set_size(handle, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(request.limit)), request)
        ccurl_set_error_buffer(handle, said)
        if let body = request.body { try check(ccurl_set_body(handle, body, curl_off_t(body.count)), request) }
        if !request.headers.isEmpty {
            try check(ccurl_set_list(handle, CURLOPT_HTTPHEADER, lists.make(request.headers)), request)
        }
        if let place = request.connectTo {
            try check(ccurl_set_list(handle, CURLOPT_CONNECT_TO, lists.make([place])), request)
        }
    }

    private func check(_ code: CURLcode, _ request: WebRequest) throws(WebError) {
        guard code != CURLE_OK else { return }
        throw WebError(code: .refused, message: "\(request.url): \(String(cString: curl_easy_strerror(code)))")
    }
}

/// Where the body goes.
final class Sink {
    private(set) var bytes: [UInt8] = []
    private(set) var isFull = false
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// False when it is too much, which ends the transfer.
    func take(_ part: UnsafeRawBufferPointer) -> Bool {
        isFull = bytes.count + part.count > limit
        if !isFull { bytes.append(contentsOf: part) }
        return !isFull
    }
}

/// Lists of curl's, freed with it.
private final class Lists {
    private var heads: [UnsafeMutablePointer<curl_slist>] = []

    func make(_ lines: [String]) -> UnsafeMutablePointer<curl_slist>? {
        var head: UnsafeMutablePointer<curl_slist>?
        for line in lines { head = curl_slist_append(head, line) }
        if let head { heads.append(head) }
        return head
    }

    deinit {
        for head in heads { curl_slist_free_all(head) }
    }
}

extension WebRequest.Schemes {
    /// As CURLOPT_PROTOCOLS_STR wants it.
    var words: String {
        [(Self.http, "http"), (.https, "https"), (.file, "file")].filter { contains($0.0) }.map(\.1)
            .joined(separator: ",")
    }
}
