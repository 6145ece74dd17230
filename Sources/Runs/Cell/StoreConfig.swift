/// The key `store:` of `config/picjobs.yml` (docs/store.md).
public struct StoreConfig: Sendable {
    /// `store.index:` the URL of the store's index.
    public var index = "https://git.pic.ngo/roof/pic-services/raw/branch/main/index.json"

    /// The guide's store.
    public init() {}

    /// Takes the whole mapping.
    /// - Returns: a sentence for everything that is wrong.
    mutating func take(_ value: Any) -> [String] {
        guard let map = value as? [String: Any] else { return ["store must be a mapping of keys to values"] }
        return map.sorted { $0.key < $1.key }.compactMap { key, value in
            guard key == "index" else { return "store.\(key) is no key of this file" }
            guard let text = value as? String, StoreURL(text) != nil else {
                return "store.index must be a URL that begins with https://, http:// or file:///, without a password"
            }
            index = text
            return nil
        }
    }
}
