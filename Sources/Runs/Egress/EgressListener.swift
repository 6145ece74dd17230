internal import Dispatch
internal import Netfilter
internal import Synchronization

/// Hears changes in a set of namespaces on a thread of its own.
final class EgressListener: Sendable {
    /// What it listens to; a restarted container has another identity.
    let identities: [String: UInt64]
    private let waker: @Sendable () -> Void
    private let isStopped: Atomic<Bool>

    /// Listens from the moment this returns.
    /// - Throws: ``NetfilterError``.
    init(
        _ namespaces: [String: NetworkNamespace],
        _ hear: @escaping @Sendable (Result<[NetlinkEvent], NetfilterError>) -> Void
    ) throws {
        // Handed to one thread, which alone uses it.
        nonisolated(unsafe) let monitor = try NetlinkMonitor()
        var identities: [String: UInt64] = [:]
        for (place, namespace) in namespaces {
            identities[place] = try namespace.identity()
            // What others do with the host's own rules and routes is no business of ours.
            try monitor.watch(
                namespace, as: place,
                place == "host"
                    ? [.links, .ruleset] : place == "gateway" ? [.links, .routing, .ruleset] : [.links, .routing])
        }
        self.identities = identities
        waker = monitor.waker
        isStopped = Atomic(false)
        DispatchQueue(label: "picjobs.egress.listener", qos: .userInteractive).async { [self] in
            while !isStopped.load(ordering: .acquiring) {
                do throws(NetfilterError) {
                    let events = try monitor.next(within: 10_000)
                    if !events.isEmpty { hear(.success(events)) }
                } catch {
                    hear(.failure(error))
                    return
                }
            }
        }
    }

    func stop() {
        isStopped.store(true, ordering: .releasing)
        waker()
    }
}
