internal import CNetlink
internal import Glibc

extension NftExpression {
    /// The name of the instruction and its attributes, as libnftnl numbers them.
    private var parts: (name: String, values: [(Int, Value)]) {
        switch self {
        case .loadMeta(let key, let register):
            ("meta", [(NFTNL_EXPR_META_KEY, .number(key.rawValue)), (NFTNL_EXPR_META_DREG, .register(register))])
        case .storeMeta(let key, let register):
            ("meta", [(NFTNL_EXPR_META_KEY, .number(key.rawValue)), (NFTNL_EXPR_META_SREG, .register(register))])
        case .loadConnection(let key, let register):
            ("ct", [(NFTNL_EXPR_CT_KEY, .number(key.rawValue)), (NFTNL_EXPR_CT_DREG, .register(register))])
        case .storeConnection(let key, let register):
            ("ct", [(NFTNL_EXPR_CT_KEY, .number(key.rawValue)), (NFTNL_EXPR_CT_SREG, .register(register))])
        case .loadPayload(let header, let offset, let length, let register):
            (
                "payload",
                [
                    (NFTNL_EXPR_PAYLOAD_DREG, .register(register)),
                    (NFTNL_EXPR_PAYLOAD_BASE, .number(header.rawValue)),
                    (NFTNL_EXPR_PAYLOAD_OFFSET, .number(offset)), (NFTNL_EXPR_PAYLOAD_LEN, .number(length)),
                ]
            )
        case .loadRoute(let question, let register): ("fib", Self.parts(of: question, register))
        case .compare(let register, let comparison, let bytes):
            (
                "cmp",
                [
                    (NFTNL_EXPR_CMP_SREG, .register(register)), (NFTNL_EXPR_CMP_OP, .number(comparison.rawValue)),
                    (NFTNL_EXPR_CMP_DATA, .bytes(bytes)),
                ]
            )
        case .mask(let register, let mask):
            (
                "bitwise",
                [
                    (NFTNL_EXPR_BITWISE_SREG, .register(register)), (NFTNL_EXPR_BITWISE_DREG, .register(register)),
                    (NFTNL_EXPR_BITWISE_LEN, .number(UInt32(mask.count))), (NFTNL_EXPR_BITWISE_MASK, .bytes(mask)),
                    (NFTNL_EXPR_BITWISE_XOR, .bytes([UInt8](repeating: 0, count: mask.count))),
                ]
            )
        case .lookup(let register, let set, let target):
            (
                "lookup",
                [(NFTNL_EXPR_LOOKUP_SREG, .register(register)), (NFTNL_EXPR_LOOKUP_SET, .text(set))]
                    + (target.map { [(NFTNL_EXPR_LOOKUP_DREG, .register($0))] } ?? [])
            )
        case .constant(let register, let bytes):
            ("immediate", [(NFTNL_EXPR_IMM_DREG, .register(register)), (NFTNL_EXPR_IMM_DATA, .bytes(bytes))])
        case .verdict(let verdict): ("immediate", Self.parts(of: verdict))
        case .counter: ("counter", [])
        case .countInSet(let register, let set):
            // NFT_DYNSET_OP_UPDATE
            (
                "dynset",
                [
                    (NFTNL_EXPR_DYNSET_SREG_KEY, .register(register)), (NFTNL_EXPR_DYNSET_OP, .number(1)),
                    (NFTNL_EXPR_DYNSET_SET_NAME, .text(set)), (NFTNL_EXPR_DYNSET_EXPR, .instruction("counter")),
                ]
            )
        case .namedCounter(let name):
            // NFT_OBJECT_COUNTER
            ("objref", [(NFTNL_EXPR_OBJREF_IMM_TYPE, .number(1)), (NFTNL_EXPR_OBJREF_IMM_NAME, .text(name))])
        case .reject(.tcpReset):
            ("reject", [(NFTNL_EXPR_REJECT_TYPE, .number(1)), (NFTNL_EXPR_REJECT_CODE, .byte(0))])
        case .reject(.icmp(let code)):
            ("reject", [(NFTNL_EXPR_REJECT_TYPE, .number(0)), (NFTNL_EXPR_REJECT_CODE, .byte(code))])
        case .masquerade: ("masq", [])
        case .redirect(let register):
            // NF_NAT_RANGE_PROTO_SPECIFIED
            (
                "redir",
                [(NFTNL_EXPR_REDIR_REG_PROTO_MIN, .register(register)), (NFTNL_EXPR_REDIR_FLAGS, .number(2))]
            )
        case .destinationNAT(let register):
            // NFT_NAT_DNAT, NFPROTO_IPV4
            (
                "nat",
                [
                    (NFTNL_EXPR_NAT_TYPE, .number(1)), (NFTNL_EXPR_NAT_FAMILY, .number(2)),
                    (NFTNL_EXPR_NAT_REG_ADDR_MIN, .register(register)),
                ]
            )
        case .loadRouteMSS(let register):
            // NFT_RT_TCPMSS
            ("rt", [(NFTNL_EXPR_RT_KEY, .number(3)), (NFTNL_EXPR_RT_DREG, .register(register))])
        case .toNetworkOrder(let register):
            // NFT_BYTEORDER_HTON
            (
                "byteorder",
                [
                    (NFTNL_EXPR_BYTEORDER_SREG, .register(register)), (NFTNL_EXPR_BYTEORDER_DREG, .register(register)),
                    (NFTNL_EXPR_BYTEORDER_OP, .number(1)), (NFTNL_EXPR_BYTEORDER_LEN, .number(2)),
                    (NFTNL_EXPR_BYTEORDER_SIZE, .number(2)),
                ]
            )
        case .storeMSS(let register):
            // NFT_EXTHDR_OP_TCPOPT, TCPOPT_MAXSEG; the size stands behind kind and length.
            (
                "exthdr",
                [
                    (NFTNL_EXPR_EXTHDR_SREG, .register(register)), (NFTNL_EXPR_EXTHDR_TYPE, .byte(2)),
                    (NFTNL_EXPR_EXTHDR_OFFSET, .number(2)), (NFTNL_EXPR_EXTHDR_LEN, .number(2)),
                    (NFTNL_EXPR_EXTHDR_OP, .number(1)),
                ]
            )
        }
    }

    private static func parts(of verdict: Verdict) -> [(Int, Value)] {
        // NFT_REG_VERDICT; NF_DROP, NF_ACCEPT, NFT_JUMP
        let register: (Int, Value) = (NFTNL_EXPR_IMM_DREG, .number(0))
        switch verdict {
        case .drop: return [register, (NFTNL_EXPR_IMM_VERDICT, .number(0))]
        case .accept: return [register, (NFTNL_EXPR_IMM_VERDICT, .number(1))]
        case .jump(let chain):
            return [
                register, (NFTNL_EXPR_IMM_VERDICT, .number(UInt32(bitPattern: -3))),
                (NFTNL_EXPR_IMM_CHAIN, .text(chain)),
            ]
        }
    }

    private static func parts(of question: RouteQuestion, _ register: Register) -> [(Int, Value)] {
        let values: (result: UInt32, flags: UInt32) =
            switch question {
            // NFTA_FIB_F_DADDR
            case .kind: (3, 0x2)
            // The same with NFTA_FIB_F_MARK and NFTA_FIB_F_PRESENT
            case .hasWayOut: (1, 0x26)
            }
        return [
            (NFTNL_EXPR_FIB_DREG, .register(register)), (NFTNL_EXPR_FIB_RESULT, .number(values.result)),
            (NFTNL_EXPR_FIB_FLAGS, .number(values.flags)),
        ]
    }

    private enum Value {
        case number(UInt32)
        case byte(UInt8)
        case text(String)
        case bytes([UInt8])
        /// One without attributes, which the outer one owns.
        case instruction(String)

        static func register(_ register: Register) -> Value { .number(register.rawValue) }
    }

    /// Makes libnftnl's form of it; who calls owns it, or gives it to a rule.
    func make() throws(NetfilterError) -> OpaquePointer {
        let (name, values) = parts
        let expression = try Self.allocate(name)
        for (attribute, value) in values {
            let attribute = UInt16(attribute)
            switch value {
            case .number(let number): nftnl_expr_set_u32(expression, attribute, number)
            case .byte(let byte): nftnl_expr_set_u8(expression, attribute, byte)
            case .text(let text): nftnl_expr_set_str(expression, attribute, text)
            case .bytes(let bytes): nftnl_expr_set(expression, attribute, bytes, UInt32(bytes.count))
            case .instruction(let name):
                nftnl_expr_set(expression, attribute, UnsafeRawPointer(try Self.allocate(name)), 0)
            }
        }
        return expression
    }

    private static func allocate(_ name: String) throws(NetfilterError) -> OpaquePointer {
        guard let expression = nftnl_expr_alloc(name) else {
            throw NetfilterError(
                .unsupported, "libnftnl does not know the instruction \(name); 1.2.4 or later is needed")
        }
        return expression
    }
}
