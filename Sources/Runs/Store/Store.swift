internal import Archive
public import Registry

/// A store of services: its index, and the packages that it names (docs/store.md).
public struct Store: Sendable {
    private let config: StoreConfig
    /// Changes the time limits, for tests.
    var adjust: @Sendable (inout StoreFetcher) -> Void = { _ in }

    /// A store by its configuration; nothing is asked yet.
    public init(_ config: StoreConfig) { self.config = config }

    /// What the store offers, fetched anew each time.
    /// - Throws: ``RunError`` with the URL, the reason and the remedy; `.refused` when what is there is no index.
    public func index() async throws -> StoreIndex {
        let (fetcher, url) = try fetcher()
        guard let bytes = try await fetcher.fetch(url, limit: StoreIndex.sizeLimit, "the index of the store") else {
            throw RunError(
                .failed, "the index of the store is not there: \(url); correct store.index in config/picjobs.yml")
        }
        do {
            return try StoreIndex(parsing: bytes, file: url.text)
        } catch {
            throw RunError(.refused, "the index of the store can't be used: \(error.message)", underlying: error)
        }
    }

    /// A service's package as the index names it now.
    /// - Throws: as ``package(_:)-(StoreEntry)``, and `.failed` when the store does not offer the service.
    public func package(_ id: ServiceID) async throws -> FetchedPackage {
        let index = try await index()
        guard let entry = index[id] else {
            let faults = index.faults.isEmpty ? "" : "; \(Fault.summary(index.faults))"
            throw RunError(
                .failed,
                "the store at \(config.index) does not offer \(id); picjobs service list --available shows what it "
                    + "does\(faults)")
        }
        return try await package(entry)
    }

    /// The package of an entry, which the caller has still to judge: the ZIP that it names, else the manifest and the
    /// Compose template beside it.
    /// - Throws: ``RunError`` with the URL, the reason and the remedy; `.refused` when the digest, the id or the version
    ///   is not that of the entry, or the package is none.
    public func package(_ entry: StoreEntry) async throws -> FetchedPackage {
        let (fetcher, index) = try fetcher()
        let fetched =
            if let reference = entry.package {
                try await archive(fetcher, try Self.resolve(reference, "package", of: entry, index), entry)
            } else {
                try await files(
                    fetcher,
                    try Self.resolve(
                        entry.manifest ?? "services/\(entry.id)/manifest.json", "manifest", of: entry, index), entry)
            }
        do {
            try entry.check(manifest: fetched.package.manifest, file: fetched.origin)
        } catch {
            throw RunError(.refused, error.message, underlying: error)
        }
        return fetched
    }

    private func archive(
        _ fetcher: StoreFetcher, _ url: StoreURL, _ entry: StoreEntry
    ) async throws -> FetchedPackage {
        let what = "the package of \(entry.id)"
        let bytes = try await Self.named(by: entry, url, what, limit: StorePackage.sizeLimit, fetcher)
        do {
            return FetchedPackage(try StorePackage(zip: bytes), origin: url.text, zip: bytes)
        } catch {
            throw RunError(.refused, "\(what) is refused: \(url): \(error.message)", underlying: error)
        }
    }

    private func files(
        _ fetcher: StoreFetcher, _ url: StoreURL, _ entry: StoreEntry
    ) async throws -> FetchedPackage {
        let manifest = try await Self.named(
            by: entry, url, "the manifest of \(entry.id)", limit: Manifest.sizeLimit, fetcher)
        let name = StorePackage.composeTemplateName
        var template: [UInt8]?
        if let url = url.resolving(name) {
            template = try await fetcher.fetch(url, limit: StorePackage.sizeLimit, "the \(name) of \(entry.id)")
        }
        return FetchedPackage(StorePackage(manifest: manifest, composeTemplate: template), origin: url.text)
    }

    private func fetcher() throws -> (StoreFetcher, StoreURL) {
        guard let url = StoreURL(config.index) else {
            throw RunError(
                .configuration,
                "\(config.index) is no URL of a store's index; correct store.index in config/picjobs.yml")
        }
        var fetcher = StoreFetcher(index: url)
        adjust(&fetcher)
        return (fetcher, url)
    }

    private static func resolve(
        _ reference: String, _ key: String, of entry: StoreEntry, _ index: StoreURL
    ) throws -> StoreURL {
        guard let url = index.resolving(reference), !url.isFile || index.isFile else {
            throw RunError(
                .refused,
                "the entry of \(entry.id) in \(index) names its \(key) as \(reference), which is no http or https URL and "
                    + "no path beside the index; tell whoever runs the store")
        }
        return url
    }

    /// The file that an entry names, and its digest is that of the entry.
    private static func named(
        by entry: StoreEntry, _ url: StoreURL, _ what: String, limit: Int, _ fetcher: StoreFetcher
    ) async throws -> [UInt8] {
        guard let bytes = try await fetcher.fetch(url, limit: limit, what) else {
            throw RunError(.failed, "\(what) is not there: \(url); ask whoever runs the store")
        }
        let digest = SHA256.hash(bytes).hex
        guard let wanted = entry.sha256, wanted != digest else { return bytes }
        throw RunError(
            .refused,
            "\(url) has the SHA-256 \(digest), but the index says \(wanted); try again when the store has settled, and do "
                + "not use it if that stays")
    }
}
