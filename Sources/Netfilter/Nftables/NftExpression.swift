/// One instruction of a rule, as the kernel runs it; ``NftRule`` has the words to make them from.
public enum NftExpression: Hashable, Sendable {
    /// Where a value is kept between two instructions.
    public enum Register: UInt32, Hashable, Sendable {
        /// NFT_REG_1: 16 bytes.
        case first = 1
        /// NFT_REG32_01: the second four bytes of ``first``, for the second part of a concatenation.
        case secondWord = 9
        /// NFT_REG32_02: the third.
        case thirdWord = 10
    }

    /// NFT_META_*.
    public enum MetaKey: UInt32, Hashable, Sendable {
        /// The EtherType, in network order.
        case etherType = 1
        case mark = 3
        /// The number of the link a packet came in by.
        case incoming = 4
        /// The number of the link it leaves by.
        case outgoing = 5
        case incomingName = 6
        case outgoingName = 7
        case family = 15
        case transport = 16
    }

    /// NFT_CT_*.
    public enum ConnectionKey: UInt32, Hashable, Sendable {
        case state = 0
        case direction = 1
        case status = 2
        case mark = 3
    }

    /// NFT_PAYLOAD_*.
    public enum Header: UInt32, Hashable, Sendable {
        case network = 1
        case transport = 2
    }

    /// NFT_CMP_*.
    public enum Comparison: UInt32, Hashable, Sendable {
        case equal = 0
        case notEqual = 1
        case atMost = 3
        case atLeast = 5
    }

    /// What becomes of the packet.
    public enum Verdict: Hashable, Sendable {
        case accept
        case drop
        case jump(String)
    }

    /// What the sender hears.
    public enum Rejection: Hashable, Sendable {
        case tcpReset
        /// An ICMP "destination unreachable" with this code; 13 is "administratively prohibited".
        case icmp(UInt8)
    }

    /// What the routes say about a packet's destination.
    public enum RouteQuestion: Hashable, Sendable {
        /// NFT_FIB_RESULT_ADDRTYPE: the kind of the address (RTN_*; 2 is one of this machine's own), as a number.
        case kind
        /// NFT_FIB_RESULT_OIF, NFTA_FIB_F_PRESENT: whether a packet with this mark finds a link to leave by, as a number.
        case hasWayOut
    }

    case loadMeta(MetaKey, Register)
    case storeMeta(MetaKey, Register)
    case loadConnection(ConnectionKey, Register)
    case storeConnection(ConnectionKey, Register)
    /// `length` bytes at `offset` of a header.
    case loadPayload(Header, offset: UInt32, length: UInt32, Register)
    case loadRoute(RouteQuestion, Register)
    /// The rule goes on only when this holds.
    case compare(Register, Comparison, [UInt8])
    /// Keeps the bits of the mask.
    case mask(Register, [UInt8])
    /// The rule goes on only when the set holds the value; a map's value goes `into` a register.
    case lookup(Register, set: String, into: Register?)
    case constant(Register, [UInt8])
    case verdict(Verdict)
    /// An anonymous counter.
    case counter
    /// A counter of the set's own for the value in the register, which is put into the set when it is not there.
    case countInSet(Register, set: String)
    /// A counter object of the table.
    case namedCounter(String)
    case reject(Rejection)
    case masquerade
    /// To this machine, at the port in the register.
    case redirect(Register)
    /// To the IPv4 address in the register.
    case destinationNAT(Register)
    /// The largest TCP segment the way allows, in host order.
    case loadRouteMSS(Register)
    /// Turns two bytes into network order.
    case toNetworkOrder(Register)
    /// Writes two bytes into the TCP option `maxseg`.
    case storeMSS(Register)
}
