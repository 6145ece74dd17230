internal import Dispatch
internal import Glibc
internal import Synchronization

/// Closes of descriptors that belong to somebody else, as a second close of the same number does.
public enum ForeignCloses {
    private final class Watch: Sendable {
        let isDone = Atomic(false)
        let lost = Atomic(0)
    }

    /// How many there are while `body` runs: a thread opens files meanwhile, and looks whether they stay open. Not every
    /// such close meets one of them, so `body` is to do the same some thousand times.
    public static func count(while body: () throws -> Void) rethrows -> Int {
        let watch = Watch()
        let thread = DispatchGroup()
        DispatchQueue(label: "foreign closes").async(group: thread) {
            while !watch.isDone.load(ordering: .relaxed) {
                let number = open("/dev/null", O_RDONLY | O_CLOEXEC)
                if number >= 0, close(number) != 0 { watch.lost.add(1, ordering: .relaxed) }
            }
        }
        defer {
            watch.isDone.store(true, ordering: .relaxed)
            thread.wait()
        }
        try body()
        return watch.lost.load(ordering: .relaxed)
    }
}
