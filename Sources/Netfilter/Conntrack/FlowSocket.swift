internal import SystemPackage

/// Established flows (conntrack) of one namespace, over ctnetlink: to end those of a service whose exit has changed.
public struct FlowSocket: ~Copyable {
    /// Up to how many sources one message each is cheaper than listing all flows first.
    private static let few = 16
    /// IPCTNL_MSG_CT_GET, IPCTNL_MSG_CT_DELETE and IPCTNL_MSG_CT_GET_STATS, with NFNL_SUBSYS_CTNETLINK above.
    private static let get: UInt16 = 1 << 8 | 1
    private static let delete: UInt16 = 1 << 8 | 2
    private static let statistics: UInt16 = 1 << 8 | 5

    private var socket: NetlinkSocket
    /// Whether the kernel removes all flows of a source in one message (Linux 6.12); found out by the first.
    private var takesFilter = true

    /// - Throws: ``NetfilterError`` when the namespace can't be entered or the socket not be opened.
    public init(in namespace: NetworkNamespace) throws(NetfilterError) {
        socket = try NetlinkSocket(.netfilter, in: namespace)
    }

    /// As the other one, but as on a kernel before 6.12: every flow is removed by its own message.
    init(oneByOneIn namespace: NetworkNamespace) throws(NetfilterError) {
        try self.init(in: namespace)
        takesFilter = false
    }

    /// Removes every flow that was opened from one of these addresses; that there is none is no error.
    /// - Throws: ``NetfilterError``.
    public mutating func cut(_ sources: Set<IPv4Address>) throws(NetfilterError) {
        if sources.isEmpty { return }
        if sources.count <= Self.few, takesFilter {
            do throws(NetfilterError) {
                for source in sources.sorted() { try cutAll(of: source) }
                return
            } catch  where error.errno == .invalidArgument || error.code == .unsupported {
                takesFilter = false
            }
        }
        // A list walks the table of the whole machine, 12 ms of it, also when the namespace has no flow at all.
        guard try total() > 0 else { return }
        for flow in try flows() where sources.contains(flow.source) { try remove(flow) }
    }

    /// How many flows were opened from an address.
    /// - Throws: ``NetfilterError``.
    public mutating func count(from source: IPv4Address) throws(NetfilterError) -> Int {
        try flows().count { $0.source == source }
    }

    /// How many flows there are (CTA_STATS_GLOBAL_ENTRIES).
    private mutating func total() throws(NetfilterError) -> UInt32 {
        let message = NetlinkMessage(
            type: Self.statistics, flags: [], subject: "count the flows", names: .none, header: [0, 0, 0, 0])
        return try socket.askNumber(message)
    }

    /// CTA_TUPLE_ORIG {IP {V4_SRC}} with CTA_FILTER {ORIG_FLAGS, REPLY_FLAGS}. Without tuple and filter this message
    /// would remove EVERYTHING.
    private mutating func cutAll(of source: IPv4Address) throws(NetfilterError) {
        var message = NetlinkMessage(
            type: Self.delete, flags: [], subject: "cut the flows of \(source)", names: .flow, header: [2, 0, 0, 0])
        message.put(1 | 0x8000, bytes: .attribute(1 | 0x8000, .attribute(1, source.bytes)))
        let isSource: [UInt8] = [1, 0, 0, 0]
        message.put(25 | 0x8000, bytes: .attribute(1, isSource) + .attribute(2, [0, 0, 0, 0]))
        try performIfPresent(message)
    }

    private mutating func remove(_ flow: Flow) throws(NetfilterError) {
        var message = NetlinkMessage(
            type: Self.delete, flags: [], subject: "cut a flow of \(flow.source)", names: .flow, header: [2, 0, 0, 0])
        message.put(1 | 0x8000, bytes: flow.tuple)
        if let identity = flow.identity { message.put(12, bytes: identity) }
        try performIfPresent(message)
    }

    private mutating func performIfPresent(_ message: NetlinkMessage) throws(NetfilterError) {
        do throws(NetfilterError) {
            try socket.perform(message)
        } catch  where error.code == .notFound {
            return
        }
    }

    private struct Flow {
        let source: IPv4Address
        /// CTA_TUPLE_ORIG as the kernel wrote it.
        let tuple: [UInt8]
        /// CTA_ID: a flow that was made again in the same place is another one.
        let identity: [UInt8]?
    }

    private mutating func flows() throws(NetfilterError) -> [Flow] {
        let message = NetlinkMessage(
            type: Self.get, flags: [], subject: "list the flows", names: .flow, header: [2, 0, 0, 0])
        return try socket.dump(message) { (reply) throws(NetfilterError) -> Flow? in
            var source: IPv4Address?
            var tuple: [UInt8] = []
            var identity: [UInt8]?
            try reply.split(4).attributes.forEach { (type, value) throws(NetfilterError) in
                if type == 12 { identity = Array(value.bytes) }
                guard type == 1 else { return }
                tuple = Array(value.bytes)
                try NetlinkAttributes(value.bytes).forEach { (type, value) throws(NetfilterError) in
                    guard type == 1 else { return }
                    try NetlinkAttributes(value.bytes).forEach { (type, value) throws(NetfilterError) in
                        if type == 1 { source = try value.address().ipv4 }
                    }
                }
            }
            return source.map { Flow(source: $0, tuple: tuple, identity: identity) }
        }
    }
}

extension AttributeNames {
    static let flow = AttributeNames(headerSize: 4, names: [1: "CTA_TUPLE_ORIG", 12: "CTA_ID", 25: "CTA_FILTER"])
}
