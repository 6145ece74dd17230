/// One element of a set or map.
public struct NftElement: Hashable, Sendable {
    let key: NftValue
    /// A map's value.
    let data: NftValue?
    /// NFT_SET_ELEM_INTERVAL_END: the first key that is no longer inside.
    let isEnd: Bool

    init(key: NftValue, data: NftValue?, isEnd: Bool = false) {
        self.key = key
        self.data = data
        self.isEnd = isEnd
    }

    /// The element of a set.
    public init(_ key: NftValue) { self.init(key: key, data: nil) }

    /// The element of a set of concatenations.
    public init(_ first: NftValue, _ others: NftValue...) {
        self.init(key: NftValue(joining: [first] + others), data: nil)
    }

    /// The element of a map.
    public init(_ key: NftValue, to data: NftValue) { self.init(key: key, data: data) }

    /// The elements that stand for a range in an interval set.
    public static func range(_ range: IPv4Range) -> [NftElement] {
        let start = NftElement(NftValue(range.first))
        // The end of the address space needs no end mark.
        guard range.last.number < .max else { return [start] }
        let end = NftValue(IPv4Address(number: range.last.number + 1))
        return [start, NftElement(key: end, data: nil, isEnd: true)]
    }

    /// The mark that the kernel wants in front of the first range: everything below is outside.
    public static let intervalStart = NftElement(key: NftValue(IPv4Address(number: 0)), data: nil, isEnd: true)
}

extension NftElement: Comparable {
    /// By key; an end before a start, as the kernel lists them.
    public static func < (one: NftElement, other: NftElement) -> Bool {
        one.key == other.key ? one.isEnd && !other.isEnd : one.key < other.key
    }
}

extension NftElement {
    /// Bytes of its NFTA_LIST_ELEM.
    var encodedSize: Int {
        4 + (isEnd ? 8 : 0) + 8 + (key.count + 3) & ~3 + (data.map { 8 + ($0.count + 3) & ~3 } ?? 0)
    }

    /// NFTA_LIST_ELEM {FLAGS, KEY {VALUE}, DATA {VALUE}}.
    func encode(into list: inout [UInt8]) {
        list.appendAttributeHeader(1 | 0x8000, length: encodedSize)
        if isEnd {
            list.appendAttributeHeader(3, length: 8)
            list.appendNumber((1 as UInt32).bigEndian)
        }
        Self.encode(key, as: 1, into: &list)
        if let data { Self.encode(data, as: 2, into: &list) }
    }

    private static func encode(_ value: NftValue, as number: UInt16, into list: inout [UInt8]) {
        list.appendAttributeHeader(number | 0x8000, length: 8 + (value.count + 3) & ~3)
        list.appendAttributeHeader(1, length: 4 + value.count)
        value.withBytes { list.append(contentsOf: $0) }
        list.pad()
    }

    /// Reads one NFTA_LIST_ELEM.
    init(_ element: NetlinkValue) throws(NetfilterError) {
        var key: NftValue?
        var data: NftValue?
        var flags: UInt32 = 0
        try NetlinkAttributes(element.bytes).forEach { (type, value) throws(NetfilterError) in
            switch type {
            case 1: key = try Self.decode(value)
            case 2: data = try Self.decode(value)
            case 3: flags = UInt32(bigEndian: try value.number(UInt32.self))
            default: break
            }
        }
        guard let key else { throw NetfilterError(.malformed, "the kernel lists an element without a key") }
        self.init(key: key, data: data, isEnd: flags & 1 != 0)
    }

    private static func decode(_ data: NetlinkValue) throws(NetfilterError) -> NftValue? {
        var found: NftValue?
        try NetlinkAttributes(data.bytes).forEach { (type, value) throws(NetfilterError) in
            guard type == 1 else { return }
            found = NftValue(value.bytes)
            guard found != nil else { throw .attributes }
        }
        return found
    }
}
