extension ContainerCommand {
    /// How long a command may take before it is ended; the runtime knows what is usual.
    public enum Deadline: Sendable, Equatable {
        /// For what looks at one thing, or changes one: the runtime's limit, two minutes by default.
        case usual
        /// For what walks or changes a whole tree: thirty times as long.
        case tree
        /// This long.
        case after(Duration)
        /// For ever: something else watches it.
        case none

        /// What suits a program by its name and arguments.
        static func usual(for arguments: [String]) -> Deadline {
            let name = arguments.first?.split(separator: "/").last.map(String.init) ?? ""
            switch name {
            case "rm", "mv", "cp", "sync", "chmod", "chown", "du": return .tree
            // Without a command of its own it looks at the top only, if it is told so.
            case "find":
                let looksAtTop =
                    arguments.firstIndex(of: "-maxdepth").map { arguments.dropFirst($0 + 1).first } == "0"
                    || arguments.firstIndex(of: "-maxdepth").map { arguments.dropFirst($0 + 1).first } == "1"
                let runsCommands = arguments.contains("-exec") || arguments.contains("-delete")
                return looksAtTop && !runsCommands ? .usual : .tree
            default: return .usual
            }
        }

        /// The time that it means where `limit` is usual; nil for ever.
        func duration(usual limit: Duration) -> Duration? {
            switch self {
            case .usual: limit
            case .tree: limit * 30
            case .after(let duration): duration
            case .none: nil
            }
        }
    }

    /// What is usual where nothing else is configured.
    public static let usualLimit = Duration.seconds(120)
}

/// Runs `body` for at most `duration`; nil when the time was up and it was ended by cancelling it.
func limited<Value: Sendable>(
    to duration: Duration?, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value? {
    guard let duration else { return try await body() }
    let clock = ContinuousClock()
    let start = clock.now
    let haste = Haste.current
    return try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            while true {
                let now = clock.now
                var end = start + duration
                if let hurried = haste?.start { end = min(end, max(start, hurried) + Haste.limit) }
                if now >= end { return nil }
                // Only where there may be haste it has to look now and then.
                try await clock.sleep(until: haste == nil ? end : min(end, now + .milliseconds(500)))
            }
        }
        defer { group.cancelAll() }
        // The body's value where it has come, however late; else nobody waits for the clock.
        return try await group.next() ?? nil
    }
}
