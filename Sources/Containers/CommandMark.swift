/// What tells the processes of one command from all others of its run.
struct CommandMark: Sendable {
    /// 16 hex digits.
    let text: String

    init() {
        let digits = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        text = String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension ContainerError {
    /// The error for a command that did not end within its deadline.
    static func timedOut(_ command: ContainerCommand, in name: ContainerName, after time: Duration?) -> ContainerError {
        let limit = time.map { $0.components.seconds } ?? 0
        return ContainerError(
            .timedOut,
            "'\(command.line)' in container \(name) did not end within \(limit) seconds and was ended; a file system or "
                + "a program in the container hangs: look at it, or set a higher command_timeout in config/picjobs.yml")
    }
}
