/// Two addresses and all between them, such as 172.20.0.20-172.20.0.254; never empty.
public struct IPv4Range: Hashable, Sendable {
    public let first: IPv4Address
    /// Belongs to the range.
    public let last: IPv4Address

    /// `nil` when `last` lies before `first`.
    public init?(_ first: IPv4Address, _ last: IPv4Address) {
        guard first <= last else { return nil }
        self.first = first
        self.last = last
    }

    /// Two addresses, in whatever order, and all between them.
    public init(_ one: IPv4Address, through other: IPv4Address) {
        first = min(one, other)
        last = max(one, other)
    }

    /// Reads `first-last`, without blanks; `nil` for anything else.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let first = IPv4Address(parts[0]), let last = IPv4Address(parts[1]) else { return nil }
        self.init(first, last)
    }

    /// Whether the address lies inside.
    public func contains(_ address: IPv4Address) -> Bool { first <= address && address <= last }
}

extension IPv4Range: CustomStringConvertible {
    public var description: String { "\(first)-\(last)" }
}
