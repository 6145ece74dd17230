/// One request over HTTP, HTTPS or from a file.
public struct WebRequest: Sendable {
    /// Which schemes may be asked, the first time and after a redirect.
    public struct Schemes: OptionSet, Sendable {
        public let rawValue: Int

        public init(rawValue: Int) { self.rawValue = rawValue }

        public static let http = Schemes(rawValue: 1)
        public static let https = Schemes(rawValue: 2)
        public static let file = Schemes(rawValue: 4)
    }

    /// GET, POST, PUT, PATCH or DELETE.
    public var method: String
    public var url: String
    /// `Name: value`, each a line.
    public var headers: [String] = []
    /// The body; nil for none.
    public var body: [UInt8]?
    /// Connects to this Unix socket instead of the URL's host.
    public var unixSocket: String?
    /// `HOST:PORT:ADDRESS:PORT`: connects elsewhere than the URL says, with the URL's name (CURLOPT_CONNECT_TO).
    public var connectTo: String?
    public var schemes: Schemes = [.http, .https]
    /// How many redirects are followed; they never lead to another scheme than http or https.
    public var redirects = 0
    /// Whether the certificate of the other side is checked.
    public var checksCertificate = true
    /// Seconds for the connection, and for everything.
    public var connectTimeout = 5
    public var timeout = 15
    /// Ends a transfer that moves fewer than 100 bytes a second for so many seconds; 0 does not.
    public var stallTimeout = 0
    /// The largest body that is taken, in bytes.
    public var limit = 64 << 10

    public init(_ method: String, _ url: String) {
        self.method = method
        self.url = url
    }
}

/// What came back.
public struct WebResponse: Sendable {
    /// 200, 404 …; 0 for a file.
    public let status: Int
    public let body: [UInt8]

    /// 200 to 299, or a file.
    public var isSuccess: Bool { status == 0 || (200...299).contains(status) }
    public var text: String { String(decoding: body, as: UTF8.self) }
}
