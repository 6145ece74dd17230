internal import Archive
internal import FoundationEssentials

/// An address in a store: an http, https or file URL.
struct StoreURL: Sendable, Equatable, CustomStringConvertible {
    /// The URL, absolute.
    let text: String
    private let url: URL

    /// Checks a whole URL; nil for other schemes, one without a host or a path, and one that holds a password, which
    /// messages would show.
    init?(_ text: String) {
        guard text.utf8.allSatisfy({ (0x21..<0x7f).contains($0) }), let url = URL(string: text) else { return nil }
        self.init(url)
    }

    private init?(_ url: URL) {
        self.url = url
        text = url.absoluteString
        guard url.user() == nil, url.password() == nil else { return nil }
        switch url.scheme?.lowercased() {
        case "http", "https":
            guard url.host()?.isEmpty == false else { return nil }
        case "file":
            guard url.host() ?? "" == "", url.path().hasPrefix("/"), !url.path().hasSuffix("/") else { return nil }
        default: return nil
        }
    }

    var description: String { text }

    var isFile: Bool { url.scheme?.lowercased() == "file" }

    /// A file's path without percent signs; nil when its bytes are no text.
    var path: String? {
        let path = url.path(percentEncoded: false)
        return path.isEmpty || path.utf8.contains(0) ? nil : path
    }

    /// What a reference means in a file at this address (RFC 3986, section 5); nil for what is no address of a store.
    func resolving(_ reference: String) -> StoreURL? {
        URL(string: reference, relativeTo: url).flatMap { StoreURL($0.absoluteURL) }
    }
}
