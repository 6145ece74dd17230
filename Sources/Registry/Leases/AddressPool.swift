/// The addresses that services are given, `network.pool` in `config/picjobs.yml`: `first-last`, both included.
public struct AddressPool: CheckedText {
    /// The lowest address.
    public let first: ServiceAddress
    /// The highest address.
    public let last: ServiceAddress

    /// The guide's pool, 172.20.0.20–172.20.0.254.
    public static let usual = AddressPool(
        first: ServiceAddress(number: 0xac14_0014), last: ServiceAddress(number: 0xac14_00fe))

    private init(first: ServiceAddress, last: ServiceAddress) {
        self.first = first
        self.last = last
    }

    /// Checks the text byte by byte; nil when it breaks the rule.
    public init?(rawValue: String) {
        let ends = rawValue.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false).map {
            ServiceAddress(String(decoding: $0, as: UTF8.self))
        }
        guard ends.count == 2, let first = ends[0], let last = ends[1], first <= last else {
            return nil
        }
        self.init(first: first, last: last)
    }

    /// `172.20.0.20-172.20.0.254`
    public var rawValue: String { "\(first)-\(last)" }

    /// The rule in words, for error sentences.
    public static var rule: String { "a pool of addresses; write the lowest and the highest, such as \(usual)" }

    /// Whether the address lies in the pool.
    public func contains(_ address: ServiceAddress) -> Bool { first <= address && address <= last }

    /// The lowest address that `taken` does not hold; nil when there is none.
    func lowestFree(_ taken: Set<ServiceAddress>) -> ServiceAddress? {
        for number in first.number...last.number {
            let address = ServiceAddress(number: number)
            if !taken.contains(address) { return address }
        }
        return nil
    }
}
