/// Why a run could not do its work: the exit code's kind, and one line that names the object and the remedy.
public struct RunError: Error, CustomStringConvertible {
    /// What the executable turns into an exit code (docs/exit-codes.md).
    public enum Code: String, Sendable {
        /// 1: the work failed.
        case failed
        /// 3: part of the work failed.
        case partial
        /// 4: a recorded snapshot is damaged.
        case damaged
        /// 64: the words of the command do not go together.
        case usage
        /// 65: the input is refused.
        case refused
        /// 75: another run holds the cell.
        case busy
        /// 78: the configuration can't be used.
        case configuration
        /// 130 or 143: a signal.
        case cancelled
    }

    /// What kind of failure.
    public let code: Code
    /// One line: which object, why, and what to do.
    public let message: String
    /// The error of the layer below.
    public let underlying: (any Error)?

    /// Makes an error.
    public init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    /// The message.
    public var description: String { message }
}
