/// Everything one table is to hold.
public struct NftRuleset: Sendable {
    public let table: NftTable
    /// Sets and maps with their elements.
    public let sets: [(set: NftSet, elements: [NftElement])]
    /// Counter objects.
    public let counters: [String]
    public let chains: [NftChain]
    /// The rules of all chains, in order.
    public let rules: [NftRule]

    public init(
        table: NftTable, sets: [(set: NftSet, elements: [NftElement])], counters: [String], chains: [NftChain],
        rules: [NftRule]
    ) {
        self.table = table
        self.sets = sets
        self.counters = counters
        self.chains = chains
        self.rules = rules
    }

    /// What the kernel holds of a table, as far as a ruleset speaks of it.
    public struct Held: Sendable {
        /// The table with its flags; `nil` when there is none, and then all else is empty.
        public var table: NftTable?
        /// Elements by the name of the set; a set without elements is here, too.
        public var elements: [String: Set<NftElement>] = [:]
        public var counters: Set<String> = []
        /// The instructions of every rule by the name of the chain; a chain without rules is here, too.
        public var listings: [String: [[String]]] = [:]

        public init() {}
    }

    /// The same ruleset with the elements that the kernel holds, whatever they are.
    func keepingElements(of held: Held) -> NftRuleset {
        NftRuleset(
            table: table, sets: sets.map { ($0.set, Array(held.elements[$0.set.name] ?? Set($0.elements))) },
            counters: counters, chains: chains, rules: rules)
    }

    /// The elements that a set is to hold.
    func elements(of set: NftSet) -> [NftElement] { sets.first { $0.set == set }?.elements ?? [] }

    /// The elements that must go and those that must come, each once, so that a set holds these.
    static func difference(
        from before: Set<NftElement>, to after: [NftElement]
    ) -> (removed: [NftElement], added: [NftElement]) {
        if before.isEmpty { return ([], after) }
        let added = after.filter { !before.contains($0) }
        // As many as there were, and all of them found: there is nothing else.
        if after.count - added.count == before.count { return ([], added) }
        return (before.subtracting(after).sorted(), added)
    }

    /// The batch that turns what is held into this ruleset; empty when it is that already.
    ///
    /// Elements are exchanged one by one; of a dynamic set, those that are not planned are removed, and none is added.
    /// A chain whose rules differ gets all its rules anew, in the same commit.
    /// Sets, chains and counters that the ruleset does not know are left alone. The owner of a table is no difference: a
    /// table that persists loses it with the socket of the program that made it; see ``NftSocket/own(_:)``.
    /// - Throws: ``NetfilterError`` when libnftnl does not know an instruction.
    public func changes(from held: Held) throws(NetfilterError) -> NftBatch {
        var batch = NftBatch()
        if held.table?.flags.union(.owner) != table.flags.union(.owner) { batch.add(table) }
        for (set, _) in sets where held.elements[set.name] == nil { try batch.add(set, to: table) }
        for counter in counters where !held.counters.contains(counter) { batch.add(counter: counter, to: table) }
        for (set, elements) in sets {
            let (removed, added) = Self.difference(from: held.elements[set.name] ?? [], to: elements)
            // A map takes a new value for a key only when the old one goes first.
            batch.remove(removed, from: set, in: table)
            if !set.isDynamic { batch.add(added, to: set, in: table) }
        }
        for chain in chains where held.listings[chain.name] == nil { try batch.add(chain, to: table) }
        for chain in chains {
            let wanted = rules.filter { $0.chain == chain.name }
            var listings: [[String]] = []
            for rule in wanted { listings.append(try rule.listing(in: table)) }
            let present = held.listings[chain.name] ?? []
            if present == listings { continue }
            if !present.isEmpty { batch.removeRules(of: chain.name, in: table) }
            for rule in wanted { try batch.add(rule, to: table) }
        }
        return batch
    }
}
