internal import Glibc
internal import Synchronization

/// A network namespace of a test's own, made by `ip netns add` and removed at the end of the test.
public struct ScratchNamespace: Sendable {
    public let name: String

    private static let serial = Atomic<Int>(0)

    /// Its path, as the library wants it.
    public var path: String { "/run/netns/\(name)" }

    /// Makes a namespace for the length of `body`.
    public static func with<Result: Sendable>(
        _ body: (ScratchNamespace) async throws -> Result
    ) async throws -> Result {
        let number = serial.add(1, ordering: .relaxed).newValue
        let scratch = ScratchNamespace(name: "picjobs-\(getpid())-\(number)")
        try await Tool.run(["ip", "netns", "add", scratch.name])
        do {
            let result = try await body(scratch)
            try await Tool.run(["ip", "netns", "delete", scratch.name])
            return result
        } catch {
            // The failure of the test is the one to report.
            do { try await Tool.run(["ip", "netns", "delete", scratch.name]) } catch {}
            throw error
        }
    }

    /// `ip WORDS` inside, words separated by blanks.
    @discardableResult
    public func ip(_ words: String) async throws -> String {
        try await Tool.run(["ip", "-n", name] + words.split(separator: " ").map { String($0) })
    }

    /// Any program inside.
    @discardableResult
    public func run(_ command: [String]) async throws -> String {
        try await Tool.run(["ip", "netns", "exec", name] + command)
    }

    /// `nft SCRIPT` inside.
    @discardableResult
    public func nft(_ script: String, options: [String] = []) async throws -> String {
        try await run(["nft"] + options + [script])
    }
}
