internal import Subprocess

/// Runs the host's tools for the preparation of tests.
public enum Tool {
    /// A tool that did not end with 0.
    public struct Failure: Error, CustomStringConvertible {
        /// The command line, how it ended and what it said.
        public let description: String
    }

    /// Runs a command to its end and returns its output; `environment` is added to the process's own.
    /// - Throws: ``Failure`` when it can't be started or ends with anything but 0.
    @discardableResult
    public static func run(_ command: [String], environment: [String: String] = [:]) async throws -> String {
        var updates: [Environment.Key: String?] = [:]
        for (key, value) in environment {
            if let key = Environment.Key(rawValue: key) { updates[key] = value }
        }
        let result = try await Subprocess.run(
            .name(command.first ?? ""), arguments: Arguments(Array(command.dropFirst())),
            environment: .inherit.updating(updates), output: .string(limit: 16 << 20),
            error: .string(limit: 1 << 20))
        guard result.terminationStatus.isSuccess else {
            throw Failure(
                description: "\(command.joined(separator: " ")): \(result.terminationStatus): \(result.standardError)")
        }
        return result.standardOutput
    }
}
