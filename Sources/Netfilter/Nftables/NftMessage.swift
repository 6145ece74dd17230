internal import CNetlink

/// NFT_MSG_*: what is asked of nftables.
enum NftCommand: UInt16 {
    case newTable = 0
    case getTable = 1
    case deleteTable = 2
    case newChain = 3
    case getChain = 4
    case newRule = 6
    case getRule = 7
    case deleteRule = 8
    case newSet = 9
    case getSet = 10
    case newElement = 12
    case getElement = 13
    case deleteElement = 14
    case newGeneration = 15
    case getGeneration = 16
    case newObject = 18
    case getObject = 19

    /// With NFNL_SUBSYS_NFTABLES above.
    var type: UInt16 { 10 << 8 | rawValue }
}

extension NetlinkMessage {
    /// A message with a struct nfgenmsg and nothing behind it.
    init(_ command: NftCommand, _ family: UInt8, _ flags: Flags, _ subject: String, names: AttributeNames = .nft) {
        self.init(type: command.type, flags: flags, subject: subject, names: names, header: [family, 0, 0, 0])
    }

    /// A message whose attributes libnftnl writes. Its functions check no bounds: what is built here (a rule, a
    /// chain, a set without elements) stays far below the room they get.
    init(
        building command: NftCommand, _ family: NftFamily, _ flags: Flags, _ subject: String, names: AttributeNames,
        _ build: (UnsafeMutablePointer<nlmsghdr>) -> Void
    ) {
        let body = withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) { room -> [UInt8] in
            let header = nftnl_nlmsg_build_hdr(
                room.baseAddress, command.rawValue, UInt16(family.rawValue), flags.rawValue, 0)
            guard let header else { return [] }
            build(header)
            return Array(room[16..<Int(header.pointee.nlmsg_len)])
        }
        self.init(type: command.type, flags: flags, subject: subject, names: names, header: body)
    }

    /// Adds a number in network order, as nftables wants all of its own.
    mutating func putBig(_ attribute: UInt16, _ number: UInt32) {
        put(attribute, number.bigEndian)
    }
}

extension AttributeNames {
    static let nft = AttributeNames(headerSize: 4, names: [1: "NFTA_TABLE_NAME", 2: "NFTA_TABLE_FLAGS"])

    static let nftChain = AttributeNames(
        headerSize: 4,
        names: [
            1: "NFTA_CHAIN_TABLE", 3: "NFTA_CHAIN_NAME", 4: "NFTA_CHAIN_HOOK", 5: "NFTA_CHAIN_POLICY",
            7: "NFTA_CHAIN_TYPE",
        ])

    static let nftRule = AttributeNames(
        headerSize: 4,
        names: [1: "NFTA_RULE_TABLE", 2: "NFTA_RULE_CHAIN", 3: "NFTA_RULE_HANDLE", 4: "NFTA_RULE_EXPRESSIONS"])

    static let nftSet = AttributeNames(
        headerSize: 4,
        names: [
            1: "NFTA_SET_TABLE", 2: "NFTA_SET_NAME", 3: "NFTA_SET_FLAGS", 4: "NFTA_SET_KEY_TYPE", 5: "NFTA_SET_KEY_LEN",
        ])

    static let nftElements = AttributeNames(
        headerSize: 4,
        names: [
            1: "NFTA_SET_ELEM_LIST_TABLE", 2: "NFTA_SET_ELEM_LIST_SET", 3: "NFTA_SET_ELEM_LIST_ELEMENTS",
        ])
}
