internal import Archive
internal import Registry
internal import SystemPackage
internal import Web

/// Gets the files of a store, over HTTP or from a directory of this machine.
struct StoreFetcher: Sendable {
    /// The index: of a store in a directory nothing is read that lies outside the index's own.
    let index: StoreURL
    /// Seconds for the connection, for everything, and without a byte.
    var connectTimeout = 10
    var timeout = 60
    var stallTimeout = 15

    init(index: StoreURL) { self.index = index }

    /// The bytes of a file, `what` in messages; nil when there is none.
    /// - Throws: ``RunError`` with the URL, the reason and the remedy: `.refused` for what the store must not do,
    ///   `.failed` for what may be better next time.
    func fetch(_ url: StoreURL, limit: Int, _ what: String) async throws -> [UInt8]? {
        if url.isFile { return try read(url, limit: limit, what) }
        var request = WebRequest("GET", url.text)
        request.redirects = 3
        request.connectTimeout = connectTimeout
        request.timeout = timeout
        request.stallTimeout = stallTimeout
        request.limit = limit
        let answer: WebResponse
        do {
            answer = try await WebClient().send(request)
        } catch let error as WebError {
            throw Self.error(error, what)
        }
        if answer.status == 404 { return nil }
        guard answer.isSuccess else {
            throw RunError(
                .failed,
                "\(what) can't be fetched: \(url): the server answers with status \(answer.status); try again later, or "
                    + "ask whoever runs the store")
        }
        return answer.body
    }

    private static func error(_ error: WebError, _ what: String) -> RunError {
        let (code, remedy): (RunError.Code, String) =
            switch error.code {
            case .refused:
                (
                    .refused,
                    "a store has http, https or file URLs, and redirects, at most 3, lead to http and https only"
                )
            case .tooLarge: (.refused, "is store.index in config/picjobs.yml the URL of a store?")
            case .unreachable:
                (
                    .failed,
                    "is this machine online, and store.index in config/picjobs.yml right? A copy of the store can be "
                        + "used with file:///"
                )
            case .timeout: (.failed, "try again later")
            case .certificate: (.failed, "check the clock, and that ca-certificates is installed")
            case .failed: (.failed, "try again later, or ask whoever runs the store")
            }
        return RunError(code, "\(what) can't be fetched: \(error.message); \(remedy)", underlying: error)
    }

    /// Reads below the index's directory, through no link there.
    private func read(_ url: StoreURL, limit: Int, _ what: String) throws -> [UInt8]? {
        guard let base = index.path.map({ FilePath($0).removingLastComponent() }), index.isFile, let path = url.path,
            case let prefix = base.string == "/" ? "/" : base.string + "/", path.utf8.starts(with: prefix.utf8)
        else {
            throw RunError(
                .refused,
                "\(what) is not read: \(url) is a file outside the store's own directory; put it beside \(index)")
        }
        do throws(ArchiveError) {
            let relative = try RelativePath(Array(path.utf8.dropFirst(prefix.utf8.count)))
            return try Directory(opening: base).readFile(relative, limit: limit)
        } catch {
            if error.code == .notFound { return nil }
            throw RunError(
                error.code == .refused ? .refused : .failed, "\(what) can't be read: \(url): \(error.message)",
                underlying: error)
        }
    }
}
