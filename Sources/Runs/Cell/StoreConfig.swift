internal import Registry

/// The key `store:` of `config/picjobs.yml` (docs/store.md).
public struct StoreConfig: Sendable {
    /// `store.index:` the URL of the store's index.
    public var index = "https://git.pic.ngo/roof/pic-services/raw/branch/main/index.json"

    /// The guide's store.
    public init() {}

    /// Takes the whole mapping.
    /// - Returns: a sentence for everything that is wrong.
    mutating func take(_ value: YAMLValue) -> [String] {
        guard let members = value.mapping else { return [value.fault("store must be a mapping of keys to values")] }
        return members.compactMap { member in
            let value = member.value
            guard member.key == "index" else { return value.fault("store.\(member.shownKey) is no key of this file") }
            guard let text = value.text, StoreURL(text) != nil else {
                return value.fault(
                    "store.index must be a URL that begins with https://, http:// or file:///, without a password")
            }
            index = text
            return nil
        }
    }
}
