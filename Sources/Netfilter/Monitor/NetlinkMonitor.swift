internal import CNetfilter
internal import Glibc
internal import SystemPackage

/// Hears of every change of links, addresses, routes, rules and nftables in the namespaces that are watched.
///
/// It is for one thread: one calls ``next(within:)`` over and over, any other may ``waker`` it.
public final class NetlinkMonitor {
    private var ears: [Ear] = []
    private let alarm: Alarm

    /// - Throws: ``NetfilterError`` when no descriptor is left.
    public init() throws(NetfilterError) {
        alarm = try Alarm()
    }

    /// Which changes are heard.
    public struct Topics: OptionSet, Sendable {
        public let rawValue: Int

        public init(rawValue: Int) { self.rawValue = rawValue }

        public static let links = Topics(rawValue: 1)
        public static let routing = Topics(rawValue: 2)
        public static let ruleset = Topics(rawValue: 4)
    }

    /// Listens in a namespace from now on, too.
    /// - Throws: ``NetfilterError``.
    public func watch(
        _ namespace: NetworkNamespace, as place: String, _ topics: Topics = [.links, .routing, .ruleset],
        bufferSize: Int32? = nil
    ) throws(NetfilterError) {
        // RTNLGRP_LINK, IPV4_IFADDR; IPV4_ROUTE, IPV4_RULE, IPV6_ROUTE, IPV6_RULE; NFNLGRP_NFTABLES.
        var groups: [Int32] = []
        if topics.contains(.links) { groups += [1, 5] }
        if topics.contains(.routing) { groups += [7, 8, 11, 19] }
        if !groups.isEmpty {
            let socket = try NetlinkSocket(.route, in: namespace, groups: groups, bufferSize)
            var routing = try RouteSocket(in: namespace)
            ears.append(Ear(place: place, socket, links: try routing.links().names))
        }
        if topics.contains(.ruleset) {
            ears.append(Ear(place: place, try NetlinkSocket(.netfilter, in: namespace, groups: [7], bufferSize)))
        }
    }

    /// Listens no more in the namespaces of this name.
    public func forget(_ place: String) { ears.removeAll { $0.place == place } }

    /// Waits for changes.
    ///
    /// - Returns: what changed; nothing when the time is over or it was woken.
    /// - Throws: ``NetfilterError``.
    public func next(within milliseconds: Int32) throws(NetfilterError) -> [NetlinkEvent] {
        var waiting = [pollfd(fd: alarm.descriptor, events: Int16(POLLIN), revents: 0)]
        waiting += ears.map { pollfd(fd: $0.socket.descriptor, events: Int16(POLLIN), revents: 0) }
        let count = poll(&waiting, nfds_t(waiting.count), milliseconds)
        guard count >= 0 || errno == EINTR else { throw .system(.last, "wait for changes of the network") }
        guard count > 0 else { return [] }
        if waiting[0].revents != 0 { alarm.clear() }
        var events: [NetlinkEvent] = []
        for (index, state) in waiting.dropFirst().enumerated() where state.revents != 0 {
            events += try ears[index].hear()
        }
        return events
    }

    /// Ends the waiting of the thread that listens; may be called from any thread.
    public var waker: @Sendable () -> Void {
        let alarm = alarm
        return { alarm.ring() }
    }
}

/// An eventfd(2): what one thread wakes another with.
private final class Alarm: Sendable {
    let descriptor: Int32

    init() throws(NetfilterError) {
        let number = cnetfilter_eventfd()
        guard number >= 0 else { throw .system(.last, "make an event descriptor") }
        descriptor = number
    }

    deinit { close(descriptor) }

    func ring() {
        var one: UInt64 = 1
        // A failure means that it rings already.
        _ = write(descriptor, &one, 8)
    }

    func clear() {
        var number: UInt64 = 0
        _ = read(descriptor, &number, 8)
    }
}

/// One socket that listens.
private final class Ear {
    let place: String
    let socket: NetlinkSocket
    /// The names of the links, for the sentences about routes.
    private var links: [Int32: String]

    init(place: String, _ socket: consuming NetlinkSocket, links: [Int32: String] = [:]) {
        self.place = place
        self.socket = socket
        self.links = links
    }

    /// All that is there, without waiting.
    func hear() throws(NetfilterError) -> [NetlinkEvent] {
        var events: [NetlinkEvent] = []
        do throws(NetfilterError) {
            while true {
                _ = try socket.receive("hear of changes of the network", isWaiting: false) {
                    (reply) throws(NetfilterError) in
                    if let event = try event(reply) { events.append(event) }
                    return true
                }
            }
        } catch {
            switch error.errno {
            case .resourceTemporarilyUnavailable: return events
            case .noBufferSpace:
                return events + [NetlinkEvent(place: place, kind: .lost, writer: .init(number: 0, program: nil))]
            default: throw error
            }
        }
    }

    private func event(_ reply: NetlinkReply) throws(NetfilterError) -> NetlinkEvent? {
        let kind: NetlinkEvent.Kind
        switch reply.type {
        case 16, 17:
            let link = try Link(reply)
            links[link.index] = link.name
            kind = .link(name: link.name, isGone: reply.type == 17)
        case 20, 21: kind = .address
        case 24, 25:
            guard let route = try Route(reply) else { return nil }
            kind = .route(route.text(links), table: route.table, isGone: reply.type == 25)
        case 32, 33:
            guard let rule = try RoutingRule(reply) else { return nil }
            kind = .rule("\(rule)", isGone: reply.type == 33)
        // NFT_MSG_NEWGEN: one for every commit, with the name of the program.
        case NftCommand.newGeneration.type:
            var number: UInt32 = 0
            var program: String?
            try reply.split(4).attributes.forEach { (type, value) throws(NetfilterError) in
                if type == 2 { number = UInt32(bigEndian: try value.number(UInt32.self)) }
                if type == 3 { program = value.text }
            }
            return NetlinkEvent(place: place, kind: .ruleset, writer: .init(thread: number, name: program))
        default: return nil
        }
        return NetlinkEvent(place: place, kind: kind, writer: NetlinkEvent.Writer(of: reply.port))
    }
}
