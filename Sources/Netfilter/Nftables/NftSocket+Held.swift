extension NftSocket {
    /// Reads back what the kernel holds of a table; of sets, only those that are named.
    ///
    /// - Returns: the state with its generation: a batch made for it is committed only while it is still that.
    /// - Throws: ``NetfilterError`` `.stale` when somebody changed the ruleset while it was read.
    public mutating func read(
        _ table: NftTable, sets: [NftSet]
    ) throws(NetfilterError) -> (held: NftRuleset.Held, generation: UInt32) {
        let generation = try generation()
        var held = NftRuleset.Held()
        held.table = try tables().first { $0.family == table.family && $0.name == table.name }
        if held.table != nil {
            for chain in try names(.getChain, "chains", of: table) { held.listings[chain] = [] }
            held.listings.merge(try listings(of: table)) { _, rules in rules }
            let present = Set(try names(.getSet, "sets", of: table))
            for set in sets where present.contains(set.name) {
                held.elements[set.name] = try elements(of: set, in: table)
            }
            held.counters = Set(try counters(of: table).keys)
        }
        guard try self.generation() == generation else {
            throw NetfilterError(.stale, "cannot read \(table): somebody changes the ruleset; try again")
        }
        return (held, generation)
    }

    /// The chains of all tables that see packets, with their tables.
    /// - Throws: ``NetfilterError``.
    mutating func baseChains() throws(NetfilterError) -> [(NftTable, NftChain)] {
        let message = NetlinkMessage(.getChain, 0, [], "list the chains", names: .none)
        return try socket.dump(message) { (reply) throws(NetfilterError) -> (NftTable, NftChain)? in
            let (header, attributes) = try reply.split(4)
            var (table, name) = ("", "")
            var hook: NftChain.Base.Hook?
            var priority: Int32 = 0
            var policy = NftChain.Base.Policy.accept
            try attributes.forEach { (type, value) throws(NetfilterError) in
                switch type {
                case 1: table = value.text
                case 3: name = value.text
                case 4:
                    try NetlinkAttributes(value.bytes).forEach { (type, value) throws(NetfilterError) in
                        if type == 1 { hook = .init(rawValue: UInt32(bigEndian: try value.number(UInt32.self))) }
                        if type == 2 { priority = Int32(bigEndian: try value.number(Int32.self)) }
                    }
                case 5: policy = UInt32(bigEndian: try value.number(UInt32.self)) == 0 ? .drop : .accept
                default: break
                }
            }
            guard let hook, let family = NftFamily(rawValue: header[0]) else { return nil }
            let base = NftChain.Base(.filter, hook, priority: priority, policy: policy)
            return (NftTable(family, table), NftChain(name, base))
        }
    }

    /// The names of a table's chains or sets. The kernel lists those of every table of the family.
    private mutating func names(
        _ command: NftCommand, _ what: String, of table: NftTable
    ) throws(NetfilterError) -> [String] {
        let name: UInt16 = command == .getChain ? 3 : 2
        var message = NetlinkMessage(command, table.family.rawValue, [], "list the \(what) of \(table)", names: .none)
        if command == .getSet { message.put(1, text: table.name) }
        return try socket.dump(message) { (reply) throws(NetfilterError) -> String? in
            var place = ""
            var found: String?
            try reply.split(4).attributes.forEach { type, value in
                if type == 1 { place = value.text }
                if type == name { found = value.text }
            }
            return place == table.name ? found : nil
        }
    }
}
