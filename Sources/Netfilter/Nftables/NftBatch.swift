internal import CNetlink
internal import SystemPackage

/// Changes that happen all together or not at all, in the order in which they were added.
///
/// What is referred to comes first: table, sets and counters, elements, chains, rules.
public struct NftBatch: Sendable {
    /// A nested list's length, with its own header, is 16 bits wide.
    private static let listLimit = 65_000

    private(set) var messages: [NetlinkMessage] = []
    private var setNumber: UInt32 = 0
    /// How many rules each chain got, for the sentence of an error.
    private var ruleNumbers: [String: Int] = [:]

    public init() {}

    /// Whether it would change nothing.
    public var isEmpty: Bool { messages.isEmpty }
    /// How many messages would be sent, begin and end not counted.
    public var count: Int { messages.count }
    /// What it does, one line per message.
    public var lines: [String] { messages.map(\.subject) }

    /// Adds the changes of another batch behind these.
    public mutating func append(_ other: NftBatch) { messages += other.messages }

    /// Makes a table, or takes over one that persists without an owner. A table that is there with the same flags is
    /// no error; other flags are.
    public mutating func add(_ table: NftTable) {
        var message = NetlinkMessage(.newTable, table.family.rawValue, .create, "add the table \(table)")
        message.put(1, text: table.name)
        message.putBig(2, table.flags.rawValue)
        messages.append(message)
    }

    /// Removes a table with all that is in it.
    public mutating func remove(_ table: NftTable) {
        var message = NetlinkMessage(.deleteTable, table.family.rawValue, [], "remove the table \(table)")
        message.put(1, text: table.name)
        messages.append(message)
    }

    /// Makes a chain. One of that name is no error when it has the same base.
    /// - Throws: ``NetfilterError`` when memory is gone.
    public mutating func add(_ chain: NftChain, to table: NftTable) throws(NetfilterError) {
        let handle = try NftHandle(nftnl_chain_alloc()) { nftnl_chain_free($0) }
        nftnl_chain_set_str(handle.pointer, UInt16(NFTNL_CHAIN_TABLE.rawValue), table.name)
        nftnl_chain_set_str(handle.pointer, UInt16(NFTNL_CHAIN_NAME.rawValue), chain.name)
        if let base = chain.base {
            nftnl_chain_set_str(handle.pointer, UInt16(NFTNL_CHAIN_TYPE.rawValue), base.kind.rawValue)
            nftnl_chain_set_u32(handle.pointer, UInt16(NFTNL_CHAIN_HOOKNUM.rawValue), base.hook.rawValue)
            nftnl_chain_set_s32(handle.pointer, UInt16(NFTNL_CHAIN_PRIO.rawValue), base.priority)
            nftnl_chain_set_u32(handle.pointer, UInt16(NFTNL_CHAIN_POLICY.rawValue), base.policy.rawValue)
        }
        let pointer = handle.pointer
        messages.append(
            NetlinkMessage(
                building: .newChain, table.family, .create, "add the chain \(chain.name) of \(table)", names: .nftChain
            ) { nftnl_chain_nlmsg_build_payload($0, pointer) })
    }

    /// Makes a set or map, without elements.
    /// - Throws: ``NetfilterError`` when memory is gone.
    public mutating func add(_ set: NftSet, to table: NftTable) throws(NetfilterError) {
        setNumber += 1
        let handle = try NftHandle(nftnl_set_alloc()) { nftnl_set_free($0) }
        let pointer = handle.pointer
        nftnl_set_set_str(pointer, UInt16(NFTNL_SET_TABLE.rawValue), table.name)
        nftnl_set_set_str(pointer, UInt16(NFTNL_SET_NAME.rawValue), set.name)
        nftnl_set_set_u32(pointer, UInt16(NFTNL_SET_ID.rawValue), setNumber)
        nftnl_set_set_u32(pointer, UInt16(NFTNL_SET_FLAGS.rawValue), set.flags)
        nftnl_set_set_u32(pointer, UInt16(NFTNL_SET_KEY_TYPE.rawValue), set.keyNumber)
        nftnl_set_set_u32(pointer, UInt16(NFTNL_SET_KEY_LEN.rawValue), UInt32(set.keyWidth))
        if let data = set.data {
            nftnl_set_set_u32(pointer, UInt16(NFTNL_SET_DATA_TYPE.rawValue), data.number)
            nftnl_set_set_u32(pointer, UInt16(NFTNL_SET_DATA_LEN.rawValue), UInt32(data.width))
        }
        if set.isDynamic { nftnl_set_set_u32(pointer, UInt16(NFTNL_SET_DESC_SIZE.rawValue), NftSet.dynamicSize) }
        let user = set.userData
        nftnl_set_set_data(pointer, UInt16(NFTNL_SET_USERDATA.rawValue), user, UInt32(user.count))
        messages.append(
            NetlinkMessage(
                building: .newSet, table.family, .create, "add the \(set.kind) \(set.name) of \(table)", names: .nftSet
            ) { nftnl_set_nlmsg_build_payload($0, pointer) })
    }

    /// Makes a counter object.
    public mutating func add(counter name: String, to table: NftTable) {
        var message = NetlinkMessage(
            .newObject, table.family.rawValue, .create, "add the counter \(name) of \(table)", names: .none)
        message.put(1, text: table.name)
        message.put(2, text: name)
        message.putBig(3, 1)  // NFTA_OBJ_TYPE: NFT_OBJECT_COUNTER
        message.put(4 | 0x8000, bytes: [])  // NFTA_OBJ_DATA
        messages.append(message)
    }

    /// Adds a rule at the end of its chain.
    /// - Throws: ``NetfilterError`` when libnftnl does not know an instruction.
    public mutating func add(_ rule: NftRule, to table: NftTable) throws(NetfilterError) {
        let handle = try rule.make(in: table)
        let number = ruleNumbers[rule.chain, default: 0] + 1
        ruleNumbers[rule.chain] = number
        let pointer = handle.pointer
        messages.append(
            NetlinkMessage(
                building: .newRule, table.family, [.create, .append],
                "add rule \(number) of the chain \(rule.chain) of \(table)",
                names: .nftRule
            ) { nftnl_rule_nlmsg_build_payload($0, pointer) })
    }

    /// Removes every rule of a chain.
    public mutating func removeRules(of chain: String, in table: NftTable) {
        var message = NetlinkMessage(
            .deleteRule, table.family.rawValue, [], "remove the rules of the chain \(chain) of \(table)",
            names: .nftRule)
        message.put(1, text: table.name)
        message.put(2, text: chain)
        messages.append(message)
    }

    /// Adds elements. A key that is there with the same value is no error; with another value it is.
    public mutating func add(_ elements: [NftElement], to set: NftSet, in table: NftTable) {
        put(elements, set, table, .newElement, .create, "add")
    }

    /// Removes elements; each must be there.
    public mutating func remove(_ elements: [NftElement], from set: NftSet, in table: NftTable) {
        put(elements, set, table, .deleteElement, [], "remove")
    }

    // Elements are many and plain: written here, without an object of libnftnl for each.
    private mutating func put(
        _ elements: [NftElement], _ set: NftSet, _ table: NftTable, _ command: NftCommand,
        _ flags: NetlinkMessage.Flags, _ verb: String
    ) {
        var rest = elements[...]
        while !rest.isEmpty {
            var size = 0
            let taken = rest.prefix { element in
                size += element.encodedSize
                return size <= Self.listLimit
            }
            rest = rest[taken.endIndex...]
            var list: [UInt8] = []
            list.reserveCapacity(min(size, Self.listLimit))
            for element in taken { element.encode(into: &list) }
            var message = NetlinkMessage(
                command, table.family.rawValue, flags,
                "\(verb) \(taken.count) element\(taken.count == 1 ? "" : "s") of the \(set.kind) \(set.name) of \(table)",
                names: .nftElements)
            message.put(1, text: table.name)
            message.put(2, text: set.name)
            message.put(3 | 0x8000, bytes: list)
            messages.append(message)
        }
    }
}

extension NftSet {
    var kind: String { data == nil ? "set" : "map" }
}

extension NftRule {
    /// libnftnl's form.
    func make(in table: NftTable) throws(NetfilterError) -> NftRuleHandle {
        let handle = try NftRuleHandle()
        nftnl_rule_set_str(handle.pointer, UInt16(NFTNL_RULE_TABLE.rawValue), table.name)
        nftnl_rule_set_str(handle.pointer, UInt16(NFTNL_RULE_CHAIN.rawValue), chain)
        nftnl_rule_set_u32(handle.pointer, UInt16(NFTNL_RULE_FAMILY.rawValue), UInt32(table.family.rawValue))
        for expression in expressions {
            nftnl_rule_add_expr(handle.pointer, try expression.make())
        }
        return handle
    }

    /// The instructions in the words of `nft --debug=netlink`: two rules with the same listing do the same.
    /// - Throws: ``NetfilterError`` when libnftnl does not know an instruction.
    public func listing(in table: NftTable) throws(NetfilterError) -> [String] {
        try make(in: table).listing()
    }
}
