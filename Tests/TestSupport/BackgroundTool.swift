internal import Subprocess
public import SystemPackage

/// A program that runs beside a test.
public enum BackgroundTool {
    /// Starts a command in a directory, runs the body, and ends the command afterwards.
    /// - Throws: what the body throws; a command that can't be started is an error, too.
    public static func with<Result: Sendable>(
        _ command: [String], in directory: FilePath, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                _ = try await Subprocess.run(
                    .name(command.first ?? ""), arguments: Arguments(Array(command.dropFirst())),
                    workingDirectory: directory, output: .discarded, error: .discarded)
                return nil
            }
            group.addTask { try await body() }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }
}
