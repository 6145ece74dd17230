internal import CNetfilter
internal import Glibc
internal import SystemPackage

/// A network namespace, held open by a descriptor, so that it is the same one for as long as this value lives.
///
/// Nothing here moves the caller: whoever needs the inside of the namespace runs a closure on a private thread that
/// enters it, and that thread ends with the closure. A netlink socket opened there stays bound to the namespace and
/// works from any thread afterwards.
public final class NetworkNamespace: Sendable {
    /// Where it was opened: `/run/netns/NAME`, `/proc/PID/ns/net`.
    public let path: String
    private let descriptor: Int32

    /// - Throws: ``NetfilterError`` `.notFound` when nothing is there, `.invalid` when it is no network namespace.
    public init(path: String) throws(NetfilterError) {
        let opened = open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else {
            throw .system(.last, "open the network namespace \(path)")
        }
        self.path = path
        descriptor = opened
        guard cnetfilter_is_network_namespace(opened) == 1 else {
            throw NetfilterError(
                .invalid, "\(path) is no network namespace; give a path such as /run/netns/NAME or /proc/PID/ns/net")
        }
    }

    /// The namespace of the calling thread.
    /// - Throws: ``NetfilterError`` when `/proc` is not mounted.
    public static func current() throws(NetfilterError) -> NetworkNamespace {
        try NetworkNamespace(path: "/proc/thread-self/ns/net")
    }

    deinit {
        close(descriptor)
    }

    /// The number of the namespace, as in `readlink /proc/self/ns/net`: a container that was restarted has a new one.
    /// - Throws: ``NetfilterError`` `.system`.
    public func identity() throws(NetfilterError) -> UInt64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .system(.last, "look at the network namespace \(path)")
        }
        return UInt64(status.st_ino)
    }

    /// Runs `body` inside the namespace, on a thread of its own, and waits for it.
    ///
    /// - Throws: ``NetfilterError`` when the namespace can't be entered (CAP_SYS_ADMIN), and what `body` throws.
    public func run<Value: Sendable>(
        _ body: @Sendable () throws(NetfilterError) -> Value
    ) throws(NetfilterError) -> Value {
        try withoutActuallyEscaping(body) { (body) throws(NetfilterError) in
            let visit = Visit(body)
            let entered = cnetfilter_run_in_namespace(
                descriptor,
                { context in
                    guard let context else { return }
                    Unmanaged<AnyVisit>.fromOpaque(context).takeUnretainedValue().run()
                }, Unmanaged<AnyVisit>.passUnretained(visit).toOpaque())
            guard entered == 0, let outcome = visit.outcome else {
                throw .system(Errno(rawValue: entered), "enter the network namespace \(path)")
            }
            return try outcome.get()
        }
    }
}

/// What the private thread is handed; the base class hides the type of the result from C.
private class AnyVisit {
    func run() {}
}

private final class Visit<Value: Sendable>: AnyVisit {
    private let body: () throws(NetfilterError) -> Value
    /// Written by the private thread, read after it was joined.
    var outcome: Result<Value, NetfilterError>?

    init(_ body: @escaping () throws(NetfilterError) -> Value) {
        self.body = body
    }

    override func run() {
        do throws(NetfilterError) {
            outcome = .success(try body())
        } catch {
            outcome = .failure(error)
        }
    }
}
