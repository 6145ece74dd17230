internal import CNetlink

/// nftables of one namespace: commits batches and lists what is there.
///
/// A table with the flag `owner` belongs to the socket that made it: keep the socket as long as others are to be kept
/// out.
public struct NftSocket: ~Copyable {
    var socket: NetlinkSocket

    /// - Throws: ``NetfilterError`` when the namespace can't be entered or the socket not be opened.
    public init(in namespace: NetworkNamespace) throws(NetfilterError) {
        socket = try NetlinkSocket(.netfilter, in: namespace)
    }

    /// The number of the ruleset's state; every commit of anybody raises it.
    /// - Throws: ``NetfilterError``.
    public mutating func generation() throws(NetfilterError) -> UInt32 {
        let message = NetlinkMessage(.getGeneration, 0, [], "read the generation of the ruleset", names: .none)
        return try socket.askNumber(message)
    }

    /// NFNL_MSG_BATCH_BEGIN and END, for NFNL_SUBSYS_NFTABLES (10, in network order).
    private static let begin = frame(16)
    private static let end = frame(17)

    private static func frame(_ type: UInt16) -> NetlinkMessage {
        NetlinkMessage(
            type: type, flags: [], subject: "commit a batch of changes", names: .none, header: [0, 0, 0, 10])
    }

    /// Commits a batch: all of it, or nothing. An empty one sends nothing.
    ///
    /// - Parameter generation: The state the batch was made for; `nil` commits whatever the state is.
    /// - Throws: ``NetfilterError`` `.stale` when the state is another one by now.
    public mutating func commit(_ batch: NftBatch, generation: UInt32? = nil) throws(NetfilterError) {
        if batch.isEmpty { return }
        var begin = Self.begin
        if let generation { begin.putBig(1, generation) }
        do throws(NetfilterError) {
            try socket.transact(begin, batch.messages, Self.end)
        } catch {
            throw try explain(error)
        }
    }

    /// The tables of every family.
    /// - Throws: ``NetfilterError``.
    public mutating func tables() throws(NetfilterError) -> [NftTable] { try ownedTables().map { $0.table } }

    /// The tables with the sockets they belong to (NFTA_TABLE_OWNER): of a program's first socket, the number of its
    /// process.
    mutating func ownedTables() throws(NetfilterError) -> [(table: NftTable, owner: UInt32?)] {
        let message = NetlinkMessage(.getTable, 0, [], "list the tables", names: .nft)
        return try socket.dump(message) { (reply) throws(NetfilterError) in
            let (header, attributes) = try reply.split(4)
            guard let family = NftFamily(rawValue: header[0]) else { return nil }
            var table = NftTable(family, "")
            var owner: UInt32?
            try attributes.forEach { (type, value) throws(NetfilterError) in
                switch type {
                case 1: table = NftTable(family, value.text, flags: table.flags)
                case 2: table.flags = .init(rawValue: UInt32(bigEndian: try value.number(UInt32.self)))
                case 7: owner = UInt32(bigEndian: try value.number(UInt32.self))
                default: break
                }
            }
            return (table, owner)
        }
    }

    /// The instructions of every rule of a table, by chain, in order; see ``NftRule/listing(in:)``.
    /// - Throws: ``NetfilterError``; `.notFound` when there is no such table.
    public mutating func listings(of table: NftTable) throws(NetfilterError) -> [String: [[String]]] {
        var message = NetlinkMessage(
            .getRule, table.family.rawValue, [], "list the rules of \(table)", names: .nftRule)
        message.put(1, text: table.name)
        let rules = try socket.dump(message) { (reply) throws(NetfilterError) -> (String, [String])? in
            let handle = try NftRuleHandle()
            guard let header = reply.bytes.baseAddress?.assumingMemoryBound(to: nlmsghdr.self),
                nftnl_rule_nlmsg_parse(header, handle.pointer) >= 0,
                let chain = nftnl_rule_get_str(handle.pointer, UInt16(NFTNL_RULE_CHAIN.rawValue))
            else { throw NetfilterError(.malformed, "libnftnl does not understand a rule of \(table)") }
            return (String(cString: chain), handle.listing())
        }
        return Dictionary(grouping: rules) { $0.0 }.mapValues { rules in rules.map { $0.1 } }
    }

    /// The elements of a set or map.
    /// - Throws: ``NetfilterError``; `.notFound` when there is no such set.
    public mutating func elements(of set: NftSet, in table: NftTable) throws(NetfilterError) -> Set<NftElement> {
        try list(set, in: table, into: []) { (element, elements) throws(NetfilterError) in
            elements.insert(try NftElement(element))
        }
    }

    /// Lists a set, element by element, until none comes twice.
    ///
    /// The kernel lists as much as a message holds and finds its place again by counting (`nft_rhash_walk`). When the
    /// hash table grew meanwhile, which it does in the background after many elements were added, the order is another:
    /// some come twice, and as many are missing. No flag tells.
    ///
    /// - Parameter insert: reads one NFTA_LIST_ELEM into the result, which has one place for it.
    /// - Throws: ``NetfilterError``; `.notFound` when there is no such set.
    mutating func list<Elements: Collection>(
        _ set: NftSet, in table: NftTable, into empty: Elements,
        _ insert: (NetlinkValue, inout Elements) throws(NetfilterError) -> Void
    ) throws(NetfilterError) -> Elements {
        var found = (elements: empty, listed: 0)
        try socket.dump(
            listElements(of: set, in: table), into: &found, isWhole: { $0.elements.count == $0.listed }
        ) { (reply, found) throws(NetfilterError) in
            try reply.split(4).attributes.forEach { (type, value) throws(NetfilterError) in
                guard type == 3 else { return }
                try NetlinkAttributes(value.bytes).forEach { (_, value) throws(NetfilterError) in
                    try insert(value, &found.elements)
                    found.listed += 1
                }
            }
        }
        return found.elements
    }

    private func listElements(of set: NftSet, in table: NftTable) -> NetlinkMessage {
        var message = NetlinkMessage(
            .getElement, table.family.rawValue, [], "list the \(set.kind) \(set.name) of \(table)", names: .nftElements)
        message.put(1, text: table.name)
        message.put(2, text: set.name)
        return message
    }

    /// Makes this socket the owner of those of these tables that persist without one: until it is closed, nobody else
    /// changes them.
    /// - Throws: ``NetfilterError``.
    public mutating func own(_ tables: [NftTable]) throws(NetfilterError) {
        var batch = NftBatch()
        for held in try self.tables() where held.flags.isSuperset(of: .persist) && !held.flags.contains(.owner) {
            if let table = tables.first(where: held.isNamed) { batch.add(table) }
        }
        try commit(batch)
    }

    /// Removes those of these tables that are there, in one commit.
    /// - Returns: what was done, one line per table.
    /// - Throws: ``NetfilterError``.
    public mutating func removeIfPresent(_ tables: [NftTable]) throws(NetfilterError) -> [String] {
        let present = try self.tables()
        var batch = NftBatch()
        for table in tables where present.contains(where: table.isNamed) { batch.remove(table) }
        try commit(batch)
        return batch.lines
    }
}
