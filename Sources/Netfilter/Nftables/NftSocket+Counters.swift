extension NftSocket {
    /// The counter objects of a table: packets and bytes by name.
    /// - Throws: ``NetfilterError``.
    public mutating func counters(
        of table: NftTable
    ) throws(NetfilterError) -> [String: (packets: UInt64, bytes: UInt64)] {
        var message = NetlinkMessage(
            .getObject, table.family.rawValue, [], "list the counters of \(table)", names: .none)
        message.put(1, text: table.name)
        message.putBig(3, 1)
        let found = try socket.dump(message) { (reply) throws(NetfilterError) -> (String, UInt64, UInt64)? in
            var counter = ("", 0 as UInt64, 0 as UInt64)
            try reply.split(4).attributes.forEach { (type, value) throws(NetfilterError) in
                if type == 2 { counter.0 = value.text }
                if type == 4 { (counter.1, counter.2) = try Self.counter(value) }
            }
            return counter
        }
        return Dictionary(found.map { ($0.0, (packets: $0.1, bytes: $0.2)) }) { first, _ in first }
    }

    /// The packets that each element of a set has counted, by its address.
    /// - Throws: ``NetfilterError``; `.notFound` when there is no such set.
    mutating func elementCounters(of set: NftSet, in table: NftTable) throws(NetfilterError) -> [IPv4Address: UInt64] {
        try list(set, in: table, into: [:]) { (element, counters) throws(NetfilterError) in
            guard let address = try NftElement(element).key.address else {
                throw NetfilterError(.malformed, "the kernel lists an element of \(set.name) that is no address")
            }
            counters[address] = try Self.elementCounter(element)
        }
    }

    /// NFTA_SET_ELEM_EXPR {NFTA_EXPR_NAME, NFTA_EXPR_DATA {…}} of one NFTA_LIST_ELEM.
    private static func elementCounter(_ element: NetlinkValue) throws(NetfilterError) -> UInt64 {
        var packets: UInt64 = 0
        try NetlinkAttributes(element.bytes).forEach { (type, value) throws(NetfilterError) in
            guard type == 7 else { return }
            try NetlinkAttributes(value.bytes).forEach { (type, value) throws(NetfilterError) in
                if type == 2 { packets = try counter(value).packets }
            }
        }
        return packets
    }

    /// NFTA_COUNTER_BYTES, NFTA_COUNTER_PACKETS.
    private static func counter(_ data: NetlinkValue) throws(NetfilterError) -> (packets: UInt64, bytes: UInt64) {
        var counter = (packets: 0 as UInt64, bytes: 0 as UInt64)
        try NetlinkAttributes(data.bytes).forEach { (type, value) throws(NetfilterError) in
            if type == 1 { counter.bytes = UInt64(bigEndian: try value.number(UInt64.self)) }
            if type == 2 { counter.packets = UInt64(bigEndian: try value.number(UInt64.self)) }
        }
        return counter
    }
}
