internal import Glibc

/// Something that changed in a namespace, as the kernel told it.
public struct NetlinkEvent: Hashable, Sendable {
    /// What changed.
    public enum Kind: Hashable, Sendable {
        /// A link came, went, or changed its state.
        case link(name: String, isGone: Bool)
        case address
        /// A route of this table, as ``GatewayChange/lines`` writes it.
        case route(String, table: RoutingTable, isGone: Bool)
        /// A rule; the text is that of ``RoutingRule``.
        case rule(String, isGone: Bool)
        /// A commit of nftables.
        case ruleset
        /// Messages were lost (ENOBUFS): anything may have changed.
        case lost
    }

    /// Who made a change.
    public struct Writer: Hashable, Sendable {
        /// The process, or a number above 2^31 where the kernel does not tell it; 0 is the kernel itself.
        public let number: UInt32
        /// The program's name; `nil` when it was gone before it could be asked.
        public let program: String?

        public init(number: UInt32, program: String?) {
            self.number = number
            self.program = program
        }
    }

    /// Where, by the name that ``NetlinkMonitor/watch(_:as:_:)`` was given.
    public let place: String
    public let kind: Kind
    public let writer: Writer
}

extension NetlinkEvent.Writer: CustomStringConvertible {
    /// `nft[4711]`, `process 4711 (gone by now)`, `the kernel`.
    public var description: String {
        if number == 0 { return "the kernel" }
        if NetlinkPort.process(of: number) == nil { return "a program that the kernel does not name" }
        return program.map { "\($0)[\(number)]" } ?? "process \(number) (gone by now)"
    }
}

extension NetlinkEvent.Writer {
    /// Whether this process did it.
    public var isOwn: Bool { number == UInt32(getpid()) }

    /// The process of a socket's number with its name, if it still lives.
    init(of number: UInt32) {
        let process = NetlinkPort.process(of: number)
        self.init(
            number: process ?? number, program: process.flatMap { Self.text("/proc/\($0)/comm")?.first })
    }

    /// The process of a thread; nftables tells the thread that made a commit and the thread's name.
    init(thread: UInt32, name: String?) {
        let process = Self.text("/proc/\(thread)/status")?.first { $0.hasPrefix("Tgid:") }.flatMap {
            UInt32($0.dropFirst("Tgid:".count).drop { !$0.isNumber })
        }
        guard let process, process != thread else {
            self.init(number: thread, program: name)
            return
        }
        self.init(number: process, program: Self.text("/proc/\(process)/comm")?.first)
    }

    /// The lines of a short file of `/proc`; `nil` when the process is gone.
    private static func text(_ path: String) -> [String]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return bytes[..<count].split(separator: 10).map { String(decoding: $0, as: UTF8.self) }
    }
}
