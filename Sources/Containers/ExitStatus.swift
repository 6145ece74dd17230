/// How a process ended, from `waitid(2)`.
public enum ExitStatus: Sendable, Hashable, CustomStringConvertible {
    /// It ended itself with this code, 0–255; 128 + n through docker means signal n in the container.
    case exited(Int32)
    /// This signal ended it.
    case signaled(Int32)

    /// Whether the process ended with code 0.
    public var isSuccess: Bool { self == .exited(0) }

    /// `exit 2` or `signal 9`.
    public var description: String {
        switch self {
        case .exited(let code): "exit \(code)"
        case .signaled(let signal): "signal \(signal)"
        }
    }
}
