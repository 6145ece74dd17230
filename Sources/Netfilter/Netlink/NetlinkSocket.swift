internal import CNetlink
internal import Glibc
internal import SystemPackage

/// A netlink socket that lives in one namespace: requests with an acknowledgement, dumps, batches.
///
/// Answers are matched by sequence number; what an earlier, failed request left behind is skipped.
struct NetlinkSocket: ~Copyable {
    /// Which part of the kernel is spoken to (NETLINK_ROUTE, NETLINK_NETFILTER).
    enum Family: Int32 {
        case route = 0
        case netfilter = 12

        var name: String { self == .route ? "rtnetlink" : "nfnetlink" }
    }

    /// Bytes asked for both buffers: a batch of 10 000 elements is 526 KB, and is sent whole.
    private static let bufferSize: Int32 = 16 << 20
    /// Seconds after which a missing answer is an error instead of a wait for ever.
    private static let patience = 10
    /// How often a dump is begun again because the state changed meanwhile.
    private static let attempts = 32

    private let handle: Handle
    private let room: UnsafeMutableRawBufferPointer
    private let family: Family
    private var sequence: UInt32 = 0
    /// The last batch; the next one is written over it.
    var outgoing: [UInt8] = []

    /// Opens and binds it on a private thread inside `namespace`.
    ///
    /// - Parameters:
    ///   - groups: What it listens to (RTNLGRP_*, NFNLGRP_*).
    ///   - bufferSize: Bytes asked for both buffers.
    /// - Throws: ``NetfilterError``.
    init(
        _ family: Family, in namespace: NetworkNamespace, groups: [Int32] = [], _ bufferSize: Int32? = nil
    ) throws(NetfilterError) {
        let descriptor = try namespace.run { () throws(NetfilterError) in
            try Self.open(family, namespace.path, groups, bufferSize ?? Self.bufferSize)
        }
        guard let handle = Handle(adopting: descriptor) else {
            throw .system(.last, "adopt an \(family.name) socket")
        }
        self.handle = handle
        self.family = family
        room = .allocate(byteCount: 256 << 10, alignment: 16)
    }

    deinit {
        room.deallocate()
    }

    private static func open(
        _ family: Family, _ place: String, _ groups: [Int32], _ bufferSize: Int32
    ) throws(NetfilterError) -> Int32 {
        let action = "open an \(family.name) socket in \(place)"
        let type = Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_NETLINK, type, family.rawValue)
        guard descriptor >= 0 else { throw .system(.last, action) }
        do throws(NetfilterError) {
            // Extended acknowledgements (11) without an echo of the message (10); dumps filter strictly (12).
            for option in [11, 10] + (family == .route ? [12] : []) as [Int32] {
                var one: Int32 = 1
                guard setsockopt(descriptor, SOL_NETLINK, option, &one, 4) == 0 else {
                    throw .system(.last, action, detail: "netlink option \(option); Linux 4.20 or later is needed")
                }
            }
            // The forced form passes the limit of net.core.*mem_max and needs CAP_NET_ADMIN of the machine; the
            // plain form takes what it gets, and a batch that is too long for it answers EMSGSIZE.
            var size = bufferSize
            for (forced, plain) in [(SO_SNDBUFFORCE, SO_SNDBUF), (SO_RCVBUFFORCE, SO_RCVBUF)] {
                if setsockopt(descriptor, SOL_SOCKET, forced, &size, 4) != 0,
                    setsockopt(descriptor, SOL_SOCKET, plain, &size, 4) != 0
                {
                    throw .system(.last, action)
                }
            }
            var wait = timeval(tv_sec: patience, tv_usec: 0)
            let length = socklen_t(MemoryLayout<timeval>.size)
            guard setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, length) == 0 else {
                throw .system(.last, action)
            }
            guard bind(descriptor) else { throw .system(.last, action) }
            for group in groups {
                // NETLINK_ADD_MEMBERSHIP
                var group = group
                guard setsockopt(descriptor, SOL_NETLINK, 1, &group, 4) == 0 else { throw .system(.last, action) }
            }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Gives the socket a number that shows whose it is.
    private static func bind(_ descriptor: Int32) -> Bool {
        for _ in 0..<NetlinkPort.serials {
            var address = sockaddr_nl()
            address.nl_family = sa_family_t(AF_NETLINK)
            address.nl_pid = NetlinkPort.next()
            let bound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_nl>.size))
                }
            }
            if bound == 0 { return true }
            guard errno == EADDRINUSE else { return false }
        }
        return false
    }

    /// The number the kernel gave the socket: of the first of a process, the process's own.
    var portID: UInt32 { mnl_socket_get_portid(handle.pointer) }

    /// For poll(2).
    var descriptor: Int32 { mnl_socket_get_fd(handle.pointer) }

    /// A sequence number for the next message, the first of so many; never 0, which the kernel uses for what nobody
    /// asked for.
    mutating func nextSequence(_ count: Int = 1) -> UInt32 {
        if UInt32.max - sequence < UInt32(count) { sequence = 0 }
        defer { sequence += UInt32(count) }
        return sequence + 1
    }

    /// Sends bytes whole.
    func send(_ bytes: [UInt8], _ subject: String) throws(NetfilterError) {
        while mnl_socket_sendto(handle.pointer, bytes, bytes.count) < 0 {
            let errno = Errno.last
            guard errno == .interrupted else {
                let detail = errno == .messageTooLong ? "\(bytes.count) bytes; raise net.core.wmem_max" : nil
                throw .system(errno, subject, detail: detail)
            }
        }
    }

    /// Waits for one datagram and hands each message in it to `body`, until that returns false.
    /// - Parameter isWaiting: whether it waits when nothing is there; else that is `EAGAIN`.
    /// - Returns: whether `body` wants more.
    func receive(
        _ subject: String, isWaiting: Bool = true, _ body: (NetlinkReply) throws(NetfilterError) -> Bool
    ) throws(NetfilterError) -> Bool {
        let count = try receiveBytes(subject, isWaiting ? 0 : Int32(MSG_DONTWAIT))
        var rest = UnsafeRawBufferPointer(rebasing: room[..<count])
        while !rest.isEmpty {
            guard let reply = NetlinkReply(rest) else {
                throw NetfilterError(.malformed, "cannot \(subject): the kernel's answer is cut short")
            }
            if try !body(reply) { return false }
            rest = UnsafeRawBufferPointer(rebasing: rest[min(rest.count, (reply.length + 3) & ~3)...])
        }
        return true
    }

    private func receiveBytes(_ subject: String, _ flags: Int32) throws(NetfilterError) -> Int {
        while true {
            // MSG_TRUNC: the length it had, also when that is longer than the room.
            let count = recv(descriptor, room.baseAddress, room.count, flags | Int32(MSG_TRUNC))
            if count > room.count { throw .system(.messageTooLong, subject, detail: "\(count) bytes in one answer") }
            if count >= 0 { return count }
            let errno = Errno.last
            if errno != .interrupted { throw .system(errno, subject) }
        }
    }

    /// Sends a request and waits until it is done.
    ///
    /// - Throws: ``NetfilterError``, with the kernel's own words where it has some.
    mutating func perform(_ message: NetlinkMessage) throws(NetfilterError) {
        let number = nextSequence()
        var bytes: [UInt8] = []
        message.encode(sequence: number, adding: [.request, .ack], into: &bytes)
        try send(bytes, message.subject)
        let accept = { (reply: NetlinkReply) throws(NetfilterError) -> Bool in
            guard reply.sequence == number else { return true }
            if let error = try reply.acknowledgement(of: message) { throw error }
            return false
        }
        while try receive(message.subject, accept) {}
    }

    /// Asks for everything of a kind, and begins again while the kernel says that the state changed meanwhile.
    ///
    /// - Parameter decode: Makes a value of one message; `nil` leaves it out.
    /// - Throws: ``NetfilterError`` `.lost` when the state never settles.
    mutating func dump<Value>(
        _ message: NetlinkMessage, _ decode: (NetlinkReply) throws(NetfilterError) -> Value?
    ) throws(NetfilterError) -> [Value] {
        var values: [Value] = []
        try dump(message, into: &values) { (reply, values) throws(NetfilterError) in
            if let value = try decode(reply) { values.append(value) }
        }
        return values
    }

    /// The same, for messages that hold many values each.
    /// - Parameter isWhole: whether these can be all; if not, the dump was disturbed without the kernel's saying so.
    mutating func dump<Values>(
        _ message: NetlinkMessage, into values: inout Values, isWhole: (Values) -> Bool = { _ in true },
        _ decode: (NetlinkReply, inout Values) throws(NetfilterError) -> Void
    ) throws(NetfilterError) {
        let empty = values
        for _ in 0..<Self.attempts {
            do throws(NetfilterError) {
                if try dumpOnce(message, into: &values, decode), isWhole(values) { return }
            } catch  where error.code == .lost {
            }
            values = empty
        }
        throw NetfilterError(
            .lost, "cannot \(message.subject): the state changed during each of \(Self.attempts) attempts; try again")
    }

    private mutating func dumpOnce<Values>(
        _ message: NetlinkMessage, into values: inout Values,
        _ decode: (NetlinkReply, inout Values) throws(NetfilterError) -> Void
    ) throws(NetfilterError) -> Bool {
        let number = nextSequence()
        var bytes: [UInt8] = []
        message.encode(sequence: number, adding: [.request, .dump], into: &bytes)
        try send(bytes, message.subject)
        var isInterrupted = false
        let accept = { (reply: NetlinkReply) throws(NetfilterError) -> Bool in
            guard reply.sequence == number else { return true }
            isInterrupted = isInterrupted || reply.flags.contains(.interrupted)
            if reply.isEnd {
                if let error = try reply.acknowledgement(of: message) {
                    // A dump that is disturbed may also say so this way.
                    guard error.errno == .interrupted else { throw error }
                    isInterrupted = true
                }
                return false
            }
            try decode(reply, &values)
            return true
        }
        while try receive(message.subject, accept) {}
        return !isInterrupted
    }
}

extension NetlinkSocket {
    /// libmnl's socket. The pointer has one owner and libmnl keeps nothing per thread, so it may move between threads.
    private struct Handle: ~Copyable, @unchecked Sendable {
        let pointer: OpaquePointer

        init?(adopting descriptor: Int32) {
            guard let pointer = mnl_socket_fdopen(descriptor) else {
                close(descriptor)
                return nil
            }
            self.pointer = pointer
        }

        deinit {
            mnl_socket_close(pointer)
        }
    }
}
