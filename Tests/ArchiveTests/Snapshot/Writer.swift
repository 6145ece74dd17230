import Glibc
import Synchronization

final class Flag: Sendable {
    let value = Atomic(false)
}

/// A thread that appends to a file without a pause until it is told to finish.
final class Writer {
    private var thread = pthread_t()
    private let stop: Flag

    init(_ path: String, _ stop: Flag) {
        self.stop = stop
        let started = Flag()
        let context = Unmanaged.passRetained(Context(path: path, stop: stop, started: started))
        pthread_create(
            &thread, nil,
            { pointer in
                guard let pointer else { return nil }
                let context = Unmanaged<Context>.fromOpaque(pointer).takeRetainedValue()
                let descriptor = open(context.path, O_WRONLY | O_APPEND)
                while !context.stop.value.load(ordering: .relaxed) {
                    write(descriptor, "y", 1)
                    context.started.value.store(true, ordering: .relaxed)
                }
                close(descriptor)
                return nil
            }, context.toOpaque())
        while !started.value.load(ordering: .relaxed) { usleep(100) }
    }

    func finish() {
        stop.value.store(true, ordering: .relaxed)
        pthread_join(thread, nil)
    }

    private final class Context: Sendable {
        let path: String
        let stop: Flag
        let started: Flag

        init(path: String, stop: Flag, started: Flag) {
            self.path = path
            self.stop = stop
            self.started = started
        }
    }
}
