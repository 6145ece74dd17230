internal import Subprocess

/// A program of this host, with an environment that holds only what is given.
public struct HostCommand: Sendable {
    private let child: ChildProcess

    /// Describes a command; what it writes, up to 1 MiB, is collected.
    ///
    /// - Parameters:
    ///   - executable: An absolute path.
    ///   - input: What it reads on standard input.
    public init(_ executable: String, _ arguments: [String], environment: [String: String], input: [UInt8]) {
        child = ChildProcess(
            executable: executable, arguments: arguments, environment: environment, input: .bytes(input),
            output: .collect(limit: 1 << 20))
    }

    /// Runs it to its end; an exit status is a result.
    /// - Throws: `CancellationError`; ``ContainerError`` `.commandNotStarted` when it is not there, `.outputTooLong`.
    public func run() async throws -> ExecResult {
        do {
            return try await child.run(given: GivenDescriptors([]))
        } catch let error as SubprocessError {
            throw ContainerError(
                .commandNotStarted, "\(child.executable) could not be run: \(error.inWords)", underlying: error)
        }
    }
}
