import Testing

@testable import Archive

@Suite("The hand-over between threads", .timeLimit(.minutes(1)))
struct BoundedQueueTests {
    @Test("Everything comes out in order, also when the producer is faster")
    func order() throws {
        let queue = BoundedQueue<Int>(capacity: 3)
        let producer = Worker<Void>("produce") { () throws(ArchiveError) in
            for number in 0..<5000 { queue.push(number) }
            queue.close()
        }
        var seen: [Int] = []
        while let number = queue.pop() { seen.append(number) }
        try producer.wait()
        #expect(seen == Array(0..<5000))
        #expect(queue.pop() == nil)
    }

    @Test("A closed queue still delivers what waits, to every consumer, and then nothing")
    func closed() throws {
        let queue = BoundedQueue<Int>(capacity: 10)
        for number in 0..<10 { queue.push(number) }
        queue.close()
        let consumers = (0..<4).map { _ in
            Worker<Int>("consume") { () throws(ArchiveError) in
                var count = 0
                while queue.pop() != nil { count += 1 }
                return count
            }
        }
        #expect(try consumers.reduce(0) { try $0 + $1.wait() } == 10)
    }

    @Test("An abandoned queue never makes a producer wait again")
    func abandoned() throws {
        let queue = BoundedQueue<Int>(capacity: 1)
        let producers = (0..<3).map { _ in
            Worker<Bool>("produce") { () throws(ArchiveError) in
                var taken = true
                for number in 0..<100 { taken = queue.push(number) }
                return taken
            }
        }
        _ = queue.pop()
        queue.abandon()
        for producer in producers { #expect(try producer.wait() == false) }
    }

    // libdispatch traps ("BUG IN CLIENT OF LIBDISPATCH: Semaphore object deallocated while in use") on one that is
    // below the value it was made with: a queue that is dropped with elements in it was such a one.
    @Test("A queue may go away with elements in it")
    func dropped() {
        for capacity in 1...8 {
            let queue = BoundedQueue<Int>(capacity: capacity)
            for number in 0..<capacity { queue.push(number) }
        }
    }

    @Test("A worker's error reaches whoever waits, as often as one waits")
    func workerError() {
        let worker = Worker<Int>("fail") { () throws(ArchiveError) in throw ArchiveError(.system, "no") }
        for _ in 0..<2 {
            #expect(failure { _ = try worker.wait() }?.message == "no")
        }
    }
}
