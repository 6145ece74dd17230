internal import Dispatch
internal import Synchronization

/// A thread of its own that runs one closure and hands its result to whoever waits.
final class Worker<Value: Sendable>: Sendable {
    private let done = DispatchSemaphore(value: 0)
    private let result = Mutex<Result<Value, ArchiveError>?>(nil)

    /// - Parameter name: shows in `ps -L` and in a debugger.
    init(_ name: String, _ body: @escaping @Sendable () throws(ArchiveError) -> Value) {
        DispatchQueue(label: "picjobs.\(name)").async {
            let outcome: Result<Value, ArchiveError>
            do throws(ArchiveError) {
                outcome = .success(try body())
            } catch {
                outcome = .failure(error)
            }
            self.result.withLock { $0 = outcome }
            self.done.signal()
        }
    }

    /// Waits for the closure to return.
    func wait() throws(ArchiveError) -> Value {
        done.wait()
        done.signal()
        guard let outcome = result.withLock({ $0 }) else {
            throw ArchiveError(.system, "a worker thread ended without a result")
        }
        return try outcome.get()
    }
}
