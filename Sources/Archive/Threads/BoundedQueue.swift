internal import Dispatch
internal import Synchronization

/// A first-in, first-out hand-over between threads that holds at most `capacity` elements: a fast producer waits, so
/// memory stays bounded.
///
/// One closes it when nothing more comes; what waits is still delivered. `abandon()` frees a producer whose consumer
/// has given up: its further elements are dropped.
final class BoundedQueue<Element: Sendable>: Sendable {
    private struct Contents {
        var elements: [Element] = []
        var head = 0
        var isClosed = false
        var isAbandoned = false
    }

    private let contents = Mutex(Contents())
    // Starts at 0 and is raised: libdispatch traps when a semaphore goes away below the value it started with.
    private let free = DispatchSemaphore(value: 0)
    private let filled = DispatchSemaphore(value: 0)

    init(capacity: Int) {
        for _ in 0..<capacity { free.signal() }
    }

    /// Waits for room. Returns false when the consumer has abandoned the queue.
    @discardableResult
    func push(_ element: Element) -> Bool {
        free.wait()
        let isAbandoned = contents.withLock { contents in
            if !contents.isAbandoned { contents.elements.append(element) }
            return contents.isAbandoned
        }
        if isAbandoned { free.signal() } else { filled.signal() }
        return !isAbandoned
    }

    /// Waits for the next element; nil once the queue is closed and empty.
    func pop() -> Element? {
        filled.wait()
        let element: Element? = contents.withLock { contents in
            guard contents.head < contents.elements.count else { return nil }
            let element = contents.elements[contents.head]
            contents.head += 1
            if contents.head >= 64 {
                contents.elements.removeFirst(contents.head)
                contents.head = 0
            }
            return element
        }
        if element == nil { filled.signal() } else { free.signal() }
        return element
    }

    /// Says that nothing more comes.
    func close() {
        contents.withLock { $0.isClosed = true }
        filled.signal()
    }

    /// Says that nobody takes elements any more: producers never wait again.
    func abandon() {
        contents.withLock { contents in
            contents.isAbandoned = true
            contents.elements = []
            contents.head = 0
        }
        free.signal()
    }
}
