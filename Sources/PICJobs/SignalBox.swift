import Synchronization

/// The first signal that arrived.
final class SignalBox: Sendable {
    private let first = Atomic<Int32>(0)

    func set(_ number: Int32) {
        _ = first.compareExchange(expected: 0, desired: number, ordering: .acquiringAndReleasing)
    }

    var number: Int32? {
        let number = first.load(ordering: .acquiring)
        return number == 0 ? nil : number
    }
}
