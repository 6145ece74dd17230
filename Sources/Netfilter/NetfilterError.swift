public import SystemPackage

/// What went wrong in the Netfilter room: a code to act on, a sentence that names the object and the remedy, the cause.
public struct NetfilterError: Error, Sendable {
    /// The kind of failure.
    public enum Code: String, Sendable {
        /// A value that can't be part of a plan: an address outside the range, a name the kernel does not take.
        case invalid
        /// CAP_NET_ADMIN (or CAP_SYS_ADMIN, to enter a namespace) is missing.
        case notPermitted
        /// The named table, chain, link, route, rule or namespace does not exist.
        case notFound
        /// The object exists already.
        case exists
        /// This kernel lacks the feature; the message names it.
        case unsupported
        /// Somebody changed the ruleset in between (ERESTART): read again, compare again, retry.
        case stale
        /// Messages were lost (ENOBUFS) or a dump never settled: read everything again.
        case lost
        /// The kernel answered with something that can't be understood.
        case malformed
        /// A system call failed.
        case system
    }

    public let code: Code
    /// One line: which object, why, and what to do.
    public let message: String
    /// The errno beneath, if there is one.
    public let errno: Errno?

    public init(_ code: Code, _ message: String, errno: Errno? = nil) {
        self.code = code
        self.message = message
        self.errno = errno
    }
}

extension NetfilterError: CustomStringConvertible {
    public var description: String { message }
}

extension NetfilterError {
    /// One sentence for a failed call: what was tried on which object, why it failed and what to do.
    public static func system(_ errno: Errno, _ action: String, detail: String? = nil) -> NetfilterError {
        let (code, reason) = explain(errno)
        let said = detail.map { " (\($0))" } ?? ""
        return NetfilterError(code, "cannot \(action): \(reason)\(said)", errno: errno)
    }

    private static func explain(_ errno: Errno) -> (Code, String) {
        switch errno {
        case .notPermitted, .permissionDenied:
            (.notPermitted, "not permitted; run as root or with CAP_NET_ADMIN and CAP_SYS_ADMIN")
        case .noSuchFileOrDirectory: (.notFound, "it does not exist")
        case .noSuchAddressOrDevice, Errno(rawValue: 19): (.notFound, "there is no such link")
        case .noSuchProcess: (.notFound, "there is no such entry")
        case .fileExists: (.exists, "it exists already")
        case .notSupported, .noFunction, .protocolNotSupported, .protocolFamilyNotSupported,
            .addressFamilyNotSupported:
            (.unsupported, "this kernel does not support it")
        case Errno(rawValue: 85): (.stale, "the ruleset was changed by somebody else meanwhile")
        case .noBufferSpace: (.lost, "the socket's buffer is full and messages were lost")
        case .resourceTemporarilyUnavailable: (.system, "the kernel did not answer in time")
        case .resourceBusy: (.system, "it is still in use")
        case .invalidArgument: (.system, "the kernel takes it for invalid")
        case .networkUnreachable: (.system, "the network is unreachable (is the link up?)")
        case .networkDown: (.system, "the link is down")
        case .noMemory: (.system, "the machine is out of memory")
        case .tooManyOpenFiles: (.system, "too many open files; raise the limit (LimitNOFILE= or ulimit -n)")
        default: (.system, String(describing: errno))
        }
    }
}
