internal import Containers
internal import Glibc
internal import Netfilter
internal import SystemPackage

/// Keeps a cell's network as planned: reconciles when a link, a container or somebody else changes it, and now and then
/// without a reason.
public struct EgressWatch: Sendable {
    private let cell: Cell
    private let interval: Int
    private let observer: any RunObserver

    /// - Parameter interval: seconds between two looks without a reason.
    public init(_ cell: Cell, interval: Int, observer: any RunObserver) {
        self.cell = cell
        self.interval = interval
        self.observer = observer
    }

    private enum Event: Sendable {
        case kernel([NetlinkEvent])
        case deaf(String)
        case containers
        case question(EgressSocket.Question)
        /// Repairs are told now.
        case tell
        case tick
    }

    /// Stays until the task is cancelled; what is programmed stays, too.
    /// - Throws: ``RunError`` `.busy` when the cell has a watcher already; `CancellationError`.
    public func run() async throws {
        try Capability.requireAll()
        let (events, source) = AsyncStream.makeStream(of: (ContinuousClock.Instant, Event).self)
        let clock = ContinuousClock()
        let send: @Sendable (Event) -> Void = { source.yield((clock.now, $0)) }
        let server = try EgressSocket.Server(cell) { send(.question($0)) }
        defer { server.stop() }
        let manager = ServiceManager()
        let helpers = [
            Task {
                while !Task.isCancelled {
                    try await Task.sleep(for: .seconds(interval))
                    send(.tick)
                }
            },
            Task {
                guard cell.config.runtime == .docker else { return }
                try await follow { send(.containers) }
            },
        ]
        defer { for helper in helpers { helper.cancel() } }
        var round = Round(cell: cell, observer: observer)
        defer { round.listener?.stop() }
        await round.reconcile(hearing: send)
        manager.ready(round.status)
        observer.note("watching")
        for await (time, event) in events {
            switch event {
            case .kernel(let changes): await round.take(changes, at: time, hearing: send)
            case .deaf(let reason):
                observer.note("listening again: \(reason)")
                round.listener = nil
                await round.reconcile(hearing: send)
            case .containers: await round.reconcile(since: time, hearing: send)
            case .question(let question): await round.answer(question, hearing: send)
            case .tell: round.tell(hearing: send)
            case .tick:
                await round.reconcile(hearing: send)
                manager.alive(round.status)
            }
        }
        manager.stopping()
        try Task.checkCancellation()
    }

    /// Hears of containers from Docker, and asks again when the engine was restarted.
    private func follow(_ changed: @Sendable @escaping () -> Void) async throws {
        let runtime = DockerRuntime(docker: cell.config.docker, run: "egress")
        while true {
            let pipe = try WidePipe()
            let reader = Task {
                try await blocking {
                    defer { close(pipe.reading.rawValue) }
                    var chunk = [UInt8](repeating: 0, count: 4096)
                    while read(pipe.reading.rawValue, &chunk, chunk.count) > 0 { changed() }
                }
            }
            do {
                try await runtime.follow(into: pipe.writing)
            } catch let error as CancellationError {
                throw error
            } catch {
                observer.note("\(error)")
            }
            _ = await reader.result
            try await Task.sleep(for: .seconds(1))
            changed()
        }
    }

    /// The state between two events.
    private struct Round {
        let observer: any RunObserver
        let work: EgressWork
        var listener: EgressListener?
        var status = "starting"
        private var begun = ContinuousClock.now
        /// What was repaired and is not told yet, and when: the event that says who made it necessary may still be on
        /// its way.
        private var repairs: [(change: EgressOutcome.Change, time: ContinuousClock.Instant)] = []
        private var culprits = Culprits()
        private var said: Set<String> = []

        init(cell: Cell, observer: any RunObserver) {
            self.observer = observer
            work = EgressWork(cell, isKeeper: true)
        }

        /// Looks at everything, unless that was begun after the event.
        mutating func reconcile(
            since time: ContinuousClock.Instant? = nil, hearing send: @escaping @Sendable (Event) -> Void
        ) async {
            if let time, time < begun { return }
            if work.isReset { return }
            begun = .now
            do {
                report(try await work.perform(.converge), hearing: send)
            } catch {
                say(["\(error)"])
                status = "closed: \(error)"
            }
            listen(send)
        }

        mutating func take(
            _ events: [NetlinkEvent], at time: ContinuousClock.Instant,
            hearing send: @escaping @Sendable (Event) -> Void
        ) async {
            // What we did ourselves was read back already.
            let events = events.filter { !$0.writer.isOwn }
            culprits.add(events)
            // The gateway first and alone: nobody else has to be asked for it.
            if events.contains(where: { $0.place == "gateway" }), let outcome = work.repairGateway() {
                report(outcome, isWhole: false, hearing: send)
            }
            if events.contains(where: { $0.needsWholeLook }) { await reconcile(since: time, hearing: send) }
        }

        mutating func answer(
            _ question: EgressSocket.Question, hearing send: @escaping @Sendable (Event) -> Void
        ) async {
            begun = .now
            do {
                let outcome = try await work.perform(question.request)
                listen(send)
                note(outcome)
                tell(outcome.changes)
                question.answer(.success(outcome))
            } catch {
                question.answer(.failure(error))
            }
        }

        /// - Parameter isWhole: It speaks of everything, not of the gateway alone.
        private mutating func report(
            _ outcome: EgressOutcome, isWhole: Bool = true, hearing send: @escaping @Sendable (Event) -> Void
        ) {
            if listener == nil {
                // Nobody listened, so nobody can be named.
                tell(outcome.changes)
            } else {
                if repairs.isEmpty, !outcome.changes.isEmpty { Self.tellSoon(send) }
                repairs += outcome.changes.map { ($0, .now) }
            }
            note(outcome, isWhole: isWhole)
        }

        private static func tellSoon(_ send: @escaping @Sendable (Event) -> Void) {
            Task {
                try await Task.sleep(for: .milliseconds(200))
                send(.tell)
            }
        }

        /// Says what was repaired, with who made it necessary; what nobody is known for after a second, without.
        mutating func tell(hearing send: @escaping @Sendable (Event) -> Void) {
            let blamed = zip(culprits.blame(repairs.map(\.change)), repairs.map(\.time))
            repairs = []
            for (change, time) in blamed {
                if change.by == nil, time.duration(to: .now) < .seconds(1) {
                    repairs.append((change, time))
                } else {
                    tell([change])
                }
            }
            if repairs.isEmpty { culprits = Culprits() } else { Self.tellSoon(send) }
        }

        private func tell(_ changes: [EgressOutcome.Change]) {
            for change in changes {
                observer.note("\(change.place): \(change.step)\(change.by.map { "; \($0)" } ?? "")")
            }
        }

        private mutating func note(_ outcome: EgressOutcome, isWhole: Bool = true) {
            let sentences = outcome.problems + outcome.findings
            say(isWhole ? sentences : sentences + said.subtracting(sentences))
            status = outcome.problems.isEmpty ? "all services are at their exits" : "closed: \(outcome.problems[0])"
        }

        /// Each sentence once, as long as it holds.
        private mutating func say(_ sentences: [String]) {
            for sentence in sentences where !said.contains(sentence) { observer.note(sentence) }
            said = Set(sentences)
        }

        /// Listens where the containers are now. What happened in between is found by a look afterwards.
        private mutating func listen(_ send: @escaping @Sendable (Event) -> Void) {
            do {
                let namespaces = try work.namespaces()
                guard try listener?.identities != namespaces.mapValues({ try $0.identity() }) else { return }
                listener?.stop()
                listener = try EgressListener(namespaces) { result in
                    switch result {
                    case .success(let events): send(.kernel(events))
                    case .failure(let error): send(.deaf(error.message))
                    }
                }
                send(.containers)
            } catch {
                say(["\(error)"])
            }
        }
    }
}

extension NetlinkEvent {
    /// Whether more than the gateway's own state may have to be brought back.
    fileprivate var needsWholeLook: Bool {
        if place != "gateway" { return true }
        switch kind {
        case .link, .address, .lost: return true
        case .route, .rule, .ruleset: return false
        }
    }
}
