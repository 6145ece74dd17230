internal import Subprocess
public import SystemPackage

/// Runs the host's tools for the tests.
///
/// By Subprocess and not by Foundation's `Process`: that one leaves pipes open in the tests, hundreds in the end, and
/// hands those that are open to whatever is started beside it.
public enum Tool {
    /// A tool that did not end with 0.
    public struct Failure: Error, CustomStringConvertible {
        /// The command line, how it ended and what it said.
        public let description: String
    }

    /// How a tool ended, and what it wrote.
    public struct Outcome: Sendable {
        /// The exit status; the negative number of a signal.
        public let code: Int32
        /// Standard output.
        public let bytes: [UInt8]
        /// Standard error.
        public let error: String
        /// Standard output as text.
        public var output: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// Runs a command to its end; `environment` is added to the process's own.
    /// - Throws: when it can't be started, or writes more than 64 MiB.
    public static func outcome(
        of command: [String], environment: [String: String] = [:], in directory: FilePath? = nil
    ) async throws -> Outcome {
        var updates: [Environment.Key: String?] = [:]
        for (key, value) in environment {
            if let key = Environment.Key(rawValue: key) { updates[key] = value }
        }
        let result = try await Subprocess.run(
            .name(command.first ?? ""), arguments: Arguments(Array(command.dropFirst())),
            environment: .inherit.updating(updates), workingDirectory: directory,
            output: .bytes(limit: 64 << 20), error: .string(limit: 1 << 20))
        let code =
            switch result.terminationStatus {
            case .exited(let code): code
            case .signaled(let signal): -signal
            }
        return Outcome(code: code, bytes: result.standardOutput, error: result.standardError)
    }

    /// Runs a command to its end and returns its output; `environment` is added to the process's own.
    /// - Throws: ``Failure`` when it ends with anything but 0.
    @discardableResult
    public static func run(
        _ command: [String], environment: [String: String] = [:], in directory: FilePath? = nil
    ) async throws -> String {
        let outcome = try await outcome(of: command, environment: environment, in: directory)
        guard outcome.code == 0 else {
            throw Failure(
                description: "\(command.joined(separator: " ")): ended with \(outcome.code): \(outcome.error)")
        }
        return outcome.output
    }
}
