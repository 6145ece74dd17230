public import SystemPackage

/// A command to run in a container: an argument vector, never a shell line.
public struct ContainerCommand: Sendable {
    /// Where the command's standard input comes from.
    public enum Input: Sendable {
        /// Nothing: `/dev/null`, and docker gets no `-i`.
        case none
        /// These bytes, then the end of the stream; a command that stops reading early is no error.
        case bytes([UInt8])
        /// An open descriptor that is given away: it is closed here right after the start, or when that fails.
        case descriptor(FileDescriptor)
    }

    /// Where the command's standard output goes.
    public enum Output: Sendable {
        /// Into ``ExecResult/output``; more than `limit` bytes end the command with
        /// ``ContainerError/Code/outputTooLong``.
        case collect(limit: Int)
        /// An open descriptor that is given away: it is closed here right after the start, or when that fails,
        /// so that the reader of a pipe sees its end when the command has ended.
        case descriptor(FileDescriptor)
    }

    /// The program's name or path in the container, then its arguments.
    public var arguments: [String]
    /// Further environment variables; ``runVariable`` here replaces the runtime's own run id.
    public var environment: [String: String]
    /// Standard input.
    public var input: Input
    /// Standard output; standard error always comes back in ``ExecResult/errorText``.
    public var output: Output
    /// When the command has taken too long.
    public var deadline: Deadline

    /// Describes a command; without more it reads nothing and its output of up to 1 MiB is collected.
    ///
    /// - Parameter deadline: By default ``Deadline/usual(for:)``, and none for a stream, which whoever reads or writes
    ///   it watches.
    public init(
        _ arguments: [String], environment: [String: String] = [:], input: Input = .none,
        output: Output = .collect(limit: 1 << 20), deadline: Deadline? = nil
    ) {
        self.arguments = arguments
        self.environment = environment
        self.input = input
        self.output = output
        self.deadline = deadline ?? (Self.isStream(input, output) ? .none : .usual(for: arguments))
    }

    private static func isStream(_ input: Input, _ output: Output) -> Bool {
        if case .descriptor = input { return true }
        if case .descriptor = output { return true }
        return false
    }

    /// The environment variable that marks every process started by a run.
    public static let runVariable = "PICJOBS_RUN"
    /// The one that marks the processes of a single command, so that they can be told from others of the run.
    static let commandVariable = "PICJOBS_COMMAND"

    /// The command for a message, at most 160 characters.
    var line: String {
        let text = arguments.joined(separator: " ")
        let plain = text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : String($0) }
        return plain.count > 160 ? plain.prefix(159).joined() + "…" : plain.joined()
    }

    /// The descriptors that are given away with this command.
    var descriptors: [FileDescriptor] {
        var given: [FileDescriptor] = []
        if case .descriptor(let descriptor) = input { given.append(descriptor) }
        if case .descriptor(let descriptor) = output { given.append(descriptor) }
        return given
    }
}
