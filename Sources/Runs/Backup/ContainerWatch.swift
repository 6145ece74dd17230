internal import Containers
internal import Synchronization

/// Waits for containers that are away for a moment: stopped, restarting, paused, or their engine does not answer.
///
/// Worth waiting for is what ran when the run began, or was seen to run in it, or ended not longer ago than one would
/// wait; and once only. What was stopped all along is not.
final class ContainerWatch: Sendable {
    private struct Known {
        var ran: Set<Containers.ContainerName> = []
        var givenUp: Set<Containers.ContainerName> = []
        var engineIsGivenUp = false
    }

    private let runtime: any ContainerRuntime
    /// In seconds.
    private let limit: Int
    private let observer: any RunObserver
    private let known = Mutex(Known())

    init(_ runtime: any ContainerRuntime, limit: Int, observer: any RunObserver) {
        self.runtime = runtime
        self.limit = limit
        self.observer = observer
    }

    /// Takes down which of the containers run as the run begins.
    func begin(_ names: [String]) async throws {
        for name in Set(names).sorted().compactMap({ Containers.ContainerName($0) }) {
            // An engine that is away is away for all of them.
            if case .away(_, .engine) = try await look(name) { return }
        }
    }

    /// Waits until commands can be run in a container, where that is to be expected.
    ///
    /// - Returns: nil when they can, else one sentence that says why not.
    /// - Throws: `CancellationError`.
    func ready(_ name: Containers.ContainerName) async throws -> String? {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(limit)
        var hasSaid = false
        while true {
            guard case .away(let reason, let expected) = try await look(name) else { return nil }
            guard isWorthIt(name, expected) else { return reason }
            guard clock.now < end else {
                known.withLock { known in
                    if expected == .engine { known.engineIsGivenUp = true } else { known.givenUp.insert(name) }
                }
                return limit == 0 ? reason : "\(reason) (\(limit) seconds were waited for it)"
            }
            if !hasSaid { observer.note("waiting up to \(limit) seconds for \(name): \(reason)") }
            hasSaid = true
            try await Task.sleep(for: .seconds(1))
        }
    }

    /// Whether a container is away at this moment, so that a stream from it that failed may do better later.
    func isAway(_ name: Containers.ContainerName) async throws -> Bool {
        if case .away = try await look(name) { return true }
        return false
    }

    private enum Expectation: Equatable {
        /// The engine does not answer.
        case engine
        /// It will run again by itself.
        case soon
        /// It will run again if it ran before.
        case ifItRan
        /// Not without a person.
        case never
    }

    private enum Condition {
        case running
        case away(String, Expectation)
    }

    private func isWorthIt(_ name: Containers.ContainerName, _ expected: Expectation) -> Bool {
        known.withLock { known in
            switch expected {
            case .engine: !known.engineIsGivenUp
            case .soon: !known.givenUp.contains(name)
            case .ifItRan: known.ran.contains(name) && !known.givenUp.contains(name)
            case .never: false
            }
        }
    }

    private func look(_ name: Containers.ContainerName) async throws -> Condition {
        let info: ContainerInfo
        do {
            info = try await runtime.inspect(name)
        } catch let error as ContainerError {
            switch error.code {
            case .engineUnreachable: return .away(error.message, .engine)
            // Gone for the moment between the removal of the old container and the start of the new one.
            case .notFound, .notRunning: return .away(error.message, .ifItRan)
            default: return .away(error.message, .never)
            }
        }
        if info.isRestarting {
            return .away(
                "container \(name) is restarting (exit \(info.exitCode)); look at: docker logs \(name)", .soon)
        }
        if info.isPaused {
            known.withLock { _ = $0.ran.insert(name) }
            return .away("container \(name) is paused; unpause it: docker unpause \(name)", .soon)
        }
        if info.isRunning {
            known.withLock { known in
                known.ran.insert(name)
                known.givenUp.remove(name)
            }
            return .running
        }
        guard let seconds = info.secondsSinceEnd else {
            return .away(
                "container \(name) is not running and never ran; start it: docker start \(name)", .ifItRan)
        }
        let reason =
            "container \(name) is not running: it ended \(Self.ago(seconds)) with exit \(info.exitCode); start it: "
            + "docker start \(name)"
        return .away(reason, seconds <= limit ? .soon : .ifItRan)
    }

    private static func ago(_ seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(seconds) seconds ago"
        case ..<7200: "\(seconds / 60) minutes ago"
        case ..<172_800: "\(seconds / 3600) hours ago"
        default: "\(seconds / 86_400) days ago"
        }
    }
}
