import Foundation

/// The built `picjobs`, as a person runs it.
enum Program {
    struct Result: Sendable {
        let code: Int32
        let output: String
        let error: String
    }

    /// It lies beside the tests.
    static var path: String {
        get throws {
            let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("picjobs").path
        }
    }

    /// - Parameter script: a bash script instead, with the program as `$0` and the arguments behind it.
    static func run(_ arguments: [String], script: String = "exec \"$0\" \"$@\"") throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", script, try path] + arguments
        let (output, error) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = error
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        let talk = error.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Result(
            code: process.terminationStatus, output: String(decoding: said, as: UTF8.self),
            error: String(decoding: talk, as: UTF8.self))
    }
}
