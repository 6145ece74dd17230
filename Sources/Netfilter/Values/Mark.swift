/// A packet mark (skb->mark, `meta mark`): which exit a packet may leave by.
public struct Mark: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The bits of a mark that are ours, as in `fwmark 0x10/0xff`.
    public static let mask = Mark(rawValue: 0xff)
}

extension Mark: CustomStringConvertible {
    public var description: String { "0x" + String(rawValue, radix: 16) }
}
