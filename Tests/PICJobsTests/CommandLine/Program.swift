import Foundation
import TestSupport

/// The built `picjobs`, as a person runs it.
enum Program {
    /// It lies beside the tests.
    static var path: String {
        get throws {
            let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("picjobs").path
        }
    }

    /// - Parameter script: a bash script instead, with the program as `$0` and the arguments behind it.
    static func run(_ arguments: [String], script: String = "exec \"$0\" \"$@\"") async throws -> Tool.Outcome {
        try await Tool.outcome(of: ["bash", "-c", script, path] + arguments)
    }
}
